/** Keeps the reader's place: at the end it follows what is added, elsewhere nothing moves. */
import { signal } from '@preact/signals';

const NEAR = 48;

export class Scroll {
  /** The end is in sight. */
  readonly atEnd = signal(true);
  /** Something came while the reader was elsewhere. */
  readonly unseen = signal(false);
  #element: HTMLElement | undefined;
  #observer: ResizeObserver | undefined;

  attach(element: HTMLElement, content: HTMLElement, onTop: () => void): () => void {
    this.#element = element;
    let before = element.scrollTop;
    const onScroll = () => {
      // Only the reader moves upwards; growing content must not look as if they had left the end.
      const up = element.scrollTop < before;
      before = element.scrollTop;
      if (this.#distance() <= NEAR) {
        this.atEnd.value = true;
        this.unseen.value = false;
      } else if (up) {
        this.atEnd.value = false;
      }
      if (element.scrollTop < 400) onTop();
    };
    element.addEventListener('scroll', onScroll, { passive: true });
    this.#observer = new ResizeObserver(() => {
      if (this.atEnd.value) this.toEnd();
    });
    this.#observer.observe(content);
    this.#observer.observe(element);
    return () => {
      element.removeEventListener('scroll', onScroll);
      this.#observer?.disconnect();
    };
  }

  toEnd(): void {
    const element = this.#element;
    if (element === undefined) return;
    element.scrollTop = element.scrollHeight;
    this.atEnd.value = true;
    this.unseen.value = false;
  }

  added(): void {
    if (!this.atEnd.value) this.unseen.value = true;
  }

  /** Run before earlier messages are put on top; the result puts the reader back where they were. */
  hold(): () => void {
    const element = this.#element;
    if (element === undefined) return () => undefined;
    const fromEnd = element.scrollHeight - element.scrollTop;
    return () => {
      element.scrollTop = element.scrollHeight - fromEnd;
    };
  }

  #distance(): number {
    const element = this.#element;
    if (element === undefined) return 0;
    return element.scrollHeight - element.scrollTop - element.clientHeight;
  }
}
