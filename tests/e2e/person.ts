/** Somebody who uses the page in a real browser. */
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';

/** Nothing that would make a browser ask the network for itself. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

export class Person {
  readonly page: Page;
  readonly composer: Locator;
  readonly messages: Locator;
  /** What the browser complained about: errors of scripts and of the page's policy. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    this.composer = page.getByTestId('composer');
    this.messages = page.getByTestId('message');
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      // A lost connection is what some tests are about.
      const lost = /WebSocket connection|ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED/.test(
        message.text(),
      );
      if (message.type() === 'error' && !lost) this.complaints.push(message.text());
    });
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Person> {
    const context = await browser.newContext({ locale: 'en-GB', ...options });
    context.setDefaultTimeout(10_000);
    const person = new Person(await context.newPage());
    await person.page.goto(url);
    await person.online();
    return person;
  }

  async online(): Promise<void> {
    await this.page.locator('[data-testid=connection][data-state=online]').waitFor({ timeout: 20_000 });
  }

  async offline(): Promise<void> {
    await this.page.locator('[data-testid=connection][data-state=offline]').waitFor();
  }

  /** Types like a person and presses Enter. */
  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  message(role: 'person' | 'agent' | 'system', state: string, text: string | RegExp): Locator {
    return this.page
      .locator(`[data-testid=message][data-role=${role}][data-state=${state}]`)
      .filter({ hasText: text });
  }

  /** The answer to the last message, once it is whole. */
  async answer(text: string | RegExp, role: 'agent' | 'system' = 'agent'): Promise<Locator> {
    const found = this.message(role, 'final', text).last();
    await found.waitFor();
    return found;
  }

  /** Role and text of everything that is shown, from the top. */
  async shown(): Promise<{ role: string; text: string }[]> {
    return this.page.$$eval('[data-testid=message]', (all) =>
      all.map((one) => ({
        role: one.getAttribute('data-role') ?? '',
        text: (one.querySelector('.bubble, .markdown')?.textContent ?? '').trim(),
      })),
    );
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}
