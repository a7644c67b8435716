/** Keys that work wherever the focus is. By place on the keyboard, so that they are the same in each alphabet. */
import { session } from './app-state.ts';
import { drawerOpen, focusComposer, openDialog } from './view-state.ts';

export function listenToKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    if (run(event)) event.preventDefault();
  });
}

/** Whether the key was one of ours. */
function run(event: KeyboardEvent): boolean {
  const control = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if (control && event.code === 'KeyK') return toggle('jump');
  if (control && event.code === 'Slash') return toggle('help');
  if (openDialog.value !== undefined) return false;
  const alt = event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (alt && (event.code === 'ArrowUp' || event.code === 'ArrowDown')) {
    const next = session.list.neighbour(session.shownId.value, event.code === 'ArrowUp' ? -1 : 1);
    if (next !== undefined) session.open(next);
    return true;
  }
  if (event.key === 'Escape' && drawerOpen.value) {
    drawerOpen.value = false;
    focusComposer();
    return true;
  }
  return false;
}

function toggle(kind: 'jump' | 'help'): true {
  openDialog.value = openDialog.value?.kind === kind ? undefined : { kind };
  return true;
}
