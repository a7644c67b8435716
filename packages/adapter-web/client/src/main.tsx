import { render } from 'preact';
import { z } from 'zod';
import { start } from './app-state.ts';
import { App } from './parts/app.tsx';
import './styles/base.css';
import './styles/conversation.css';
import './styles/markdown.css';
import './styles/composer.css';
import './styles/conditions.css';

// Our policy forbids making code from text; zod need not try.
z.config({ jitless: true });

const root = document.getElementById('app');
if (root !== null) {
  start();
  render(<App />, root);
}
