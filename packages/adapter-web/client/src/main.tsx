import { render } from 'preact';
import { z } from 'zod';
import { start } from './app-state.ts';
import { listenToFiles } from './given-files.ts';
import { App } from './parts/app.tsx';
import { listenToKeys } from './shortcuts.ts';
import './styles/base.css';
import './styles/chats.css';
import './styles/conversation.css';
import './styles/markdown.css';
import './styles/composer.css';
import './styles/files.css';
import './styles/dialogs.css';
import './styles/conditions.css';
import { watchWidth } from './view-state.ts';

// Our policy forbids making code from text; zod need not try.
z.config({ jitless: true });

const root = document.getElementById('app');
if (root !== null) {
  watchWidth();
  start();
  listenToKeys();
  listenToFiles();
  render(<App />, root);
}
