import { LOCALES, type Locale } from '@surfaces/protocol';
import type { Context } from '../context.ts';
import type { Command, Handler, Handling, Reply } from '../dispatcher.ts';
import { translator } from '../i18n/catalogue.ts';
import type { Person } from '../ports/index.ts';
import { menuButtons, pressed } from './menu.ts';

/** As each language calls itself. */
const LANGUAGES: Record<Locale, string> = { en: 'English', ru: 'Русский', ko: '한국어' };

type Choice = { readonly locale: Locale } | { readonly streaming: boolean };

/** `settings` shows, `settings language <en|ru|ko>` and `settings streaming <on|off>` change. */
export function settings(context: Context): Command {
  return {
    name: 'settings',
    takes: '[language|streaming value]',
    help: 'help_settings',
    group: 'system',
    handle: async (handling) => {
      const { event, person, t, sign } = handling;
      const [what = '', value = '', ...rest] = event.args.trim().toLowerCase().split(/\s+/);
      if (what === '') return [shown(handling, (await context.store.person(person.id)) ?? person)];
      const choice = rest.length === 0 ? choiceOf(what, value) : undefined;
      if (choice) return [await change(context, handling, choice)];
      const known = what === 'language' || what === 'streaming';
      return [{ markdown: t(known ? `settings_unknown_${what}` : 'settings_unknown', { sign }) }];
    },
  };
}

export function settingsButton(context: Context): Handler<'callback'> {
  return async (handling) => {
    const { value, settles } = pressed(handling.event.action);
    const [what = '', chosen = ''] = value.split('-');
    const choice = choiceOf(what, chosen);
    if (!choice) return [{ markdown: handling.t('unknown_button') }];
    return [{ ...(await change(context, handling, choice)), settles }];
  };
}

function choiceOf(what: string, value: string): Choice | undefined {
  if (what === 'streaming' && (value === 'on' || value === 'off')) return { streaming: value === 'on' };
  if (what !== 'language') return undefined;
  const locale = LOCALES.find((one) => one === value || LANGUAGES[one].toLowerCase() === value);
  return locale && { locale };
}

/** Holds from now on, for what waits or runs too. */
async function change(context: Context, handling: Handling, choice: Choice): Promise<Reply> {
  const { event, adapter } = handling;
  const person = await context.store.choose(handling.person.id, choice);
  context.people.chose(person);
  adapter.people?.changed(event.author.externalId, person);
  return { ...shown({ ...handling, t: translator(person.locale) }, person), confirms: true };
}

function shown({ t, sign }: Pick<Handling, 't' | 'sign'>, { locale, streaming }: Person): Reply {
  const others = LOCALES.filter((one) => one !== locale);
  return {
    markdown: t('settings', {
      language: LANGUAGES[locale],
      streaming: t(streaming ? 'settings_on' : 'settings_off'),
      sign,
    }),
    buttons: menuButtons('settings', [
      ...others.map((one) => ({ label: LANGUAGES[one], value: `language-${one}` })),
      {
        label: t(streaming ? 'button_streaming_off' : 'button_streaming_on'),
        value: `streaming-${streaming ? 'off' : 'on'}`,
      },
    ]),
  };
}
