/**
 * What an agent without copies of contexts is asked for. It reads them as a message, so they are in
 * English whatever language the person speaks.
 */

export function askToWrite(path: string): string {
  return [
    `Write everything that you need to go on with this conversation later into the file \`${path}\` of your workspace:`,
    'the goal, what was decided and why, the state of the work, names of files, what is still open.',
    'You will not remember anything else. Create the directory when it is not there. Then say in one sentence that it is done.',
  ].join(' ');
}

export function askToRead(path: string): string {
  return [
    `Read the file \`${path}\` of your workspace: it is what you wrote down about an earlier conversation.`,
    'Go on from there. Say in two or three sentences where we are and what is open, then wait for me.',
  ].join(' ');
}
