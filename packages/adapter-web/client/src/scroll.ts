/** Keeps the reader's place: at the end it follows what is added, elsewhere nothing moves. */
import { signal } from '@preact/signals';

const NEAR = 48;

export class Scroll {
  /** The end is in sight. */
  readonly atEnd = signal(true);
  /** Something came while the reader was elsewhere. */
  readonly unseen = signal(false);
  #element: HTMLElement | undefined;
  #top = 0;
  #observer: ResizeObserver | undefined;

  attach(element: HTMLElement, content: HTMLElement, onTop: () => void): () => void {
    this.#element = element;
    this.#follow(this.atEnd.peek());
    // It was left elsewhere and is shown again.
    if (!this.atEnd.peek()) element.scrollTop = this.#top;
    const onScroll = () => {
      // Only a move upwards leaves the end: the event of our own move comes when more may be there already.
      const up = element.scrollTop < this.#top;
      this.#top = element.scrollTop;
      if (this.#distance() <= NEAR) this.#follow(true);
      else if (up) this.#follow(false);
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
      this.#element = undefined;
    };
  }

  toEnd(): void {
    const element = this.#element;
    if (element !== undefined) {
      element.scrollTop = element.scrollHeight;
      this.#top = element.scrollTop;
    }
    this.#follow(true);
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
      this.#top = element.scrollTop;
    };
  }

  #follow(atEnd: boolean): void {
    this.atEnd.value = atEnd;
    if (atEnd) this.unseen.value = false;
    // At the end we follow what is added; elsewhere the browser holds what is read in its place.
    if (this.#element !== undefined) this.#element.style.overflowAnchor = atEnd ? 'none' : 'auto';
  }

  #distance(): number {
    const element = this.#element;
    if (element === undefined) return 0;
    return element.scrollHeight - element.scrollTop - element.clientHeight;
  }
}
