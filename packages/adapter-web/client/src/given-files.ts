/** Files that are dropped on the page or pasted into it go to the chat that is shown. */
import { signal } from '@preact/signals';
import { shownWriting } from './app-state.ts';

/** Files hang over the page. */
export const dropping = signal(false);

type Given = File | { readonly folder: string };

export function listenToFiles(): void {
  const bringsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
  for (const type of ['dragenter', 'dragover'] as const) {
    document.addEventListener(type, (event) => {
      if (!bringsFiles(event)) return;
      // Otherwise the browser would leave the page for the file.
      event.preventDefault();
      dropping.value = true;
    });
  }
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) dropping.value = false;
  });
  document.addEventListener('drop', (event) => {
    dropping.value = false;
    if (!bringsFiles(event) || event.dataTransfer === null) return;
    event.preventDefault();
    shownWriting().uploads.add(filesOf(event.dataTransfer));
  });
  document.addEventListener('paste', (event) => {
    const data = event.clipboardData;
    if (data === null || data.files.length === 0 || isRichText(data)) return;
    event.preventDefault();
    shownWriting().uploads.add([...data.files]);
  });
}

/** Words of a document: their picture is not what is meant. */
function isRichText(data: DataTransfer): boolean {
  return data.types.includes('text/plain') && data.types.includes('text/html');
}

function filesOf(data: DataTransfer): Given[] {
  return [...data.items].flatMap((item): Given | [] => {
    if (item.kind !== 'file') return [];
    const entry = item.webkitGetAsEntry?.();
    if (entry?.isDirectory === true) return { folder: entry.name };
    return item.getAsFile() ?? [];
  });
}
