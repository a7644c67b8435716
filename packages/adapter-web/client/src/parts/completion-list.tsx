import { locale, t } from '../i18n/index.ts';
import type { Command } from '../session.ts';

export const COMPLETION_ID = 'commands';

export function optionId(at: number): string {
  return `command-${at}`;
}

interface Props {
  readonly commands: readonly Command[];
  readonly active: number;
  onActive(at: number): void;
  onChoose(command: Command): void;
}

/** The focus stays in the composer, which says by `aria-activedescendant` what is chosen here. */
export function CompletionList({ commands, active, onActive, onChoose }: Props) {
  return (
    <div class="completions" id={COMPLETION_ID} role="listbox" aria-label={t('commands')} tabIndex={-1}>
      {commands.map((command, at) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the composer's
        <div
          key={command.name}
          id={optionId(at)}
          class="completion"
          data-testid="completion"
          role="option"
          tabIndex={-1}
          aria-selected={at === active}
          ref={(element) => {
            if (at === active) element?.scrollIntoView({ block: 'nearest' });
          }}
          onPointerMove={() => onActive(at)}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onChoose(command)}
        >
          <span class="command">
            /{command.name}
            {command.takes !== undefined && <span class="takes"> {command.takes}</span>}
          </span>
          <span class="command-help">{command.help[locale.value]}</span>
        </div>
      ))}
    </div>
  );
}
