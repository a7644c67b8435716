/** A file of a message: what it is, to have and, where it is an image, to see. */
import { useState } from 'preact/hooks';
import type { PageFile } from '../../../src/frames.ts';
import { bytes, t } from '../i18n/index.ts';
import { openDialog } from '../view-state.ts';
import { Icon, type IconName } from './icons.tsx';

/** What every browser shows and no script can be in. */
const IMAGES: ReadonlySet<string> = new Set(
  ['png', 'jpeg', 'gif', 'webp', 'avif'].map((kind) => `image/${kind}`),
);

export function isImage(mediaType: string): boolean {
  return IMAGES.has(mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? '');
}

/** Below the page's own address, so that it also works behind a proxy's path. */
export function addressOf(file: PageFile, inline = false): string {
  return `./files/${file.id}${inline ? '?inline' : ''}`;
}

export function iconFor(mediaType: string, name: string): IconName {
  const type = mediaType.toLowerCase();
  if (/csv|spreadsheet|excel/.test(type) || /\.(csv|tsv|xlsx?|ods)$/i.test(name)) return 'table';
  if (type.startsWith('image/')) return 'image';
  if (type.startsWith('audio/')) return 'sound';
  if (type.startsWith('video/')) return 'film';
  if (/zip|tar|compressed|gzip/.test(type)) return 'pack';
  return /^text\/|pdf|json|document/.test(type) || /\.(txt|md)$/i.test(name) ? 'text' : 'file';
}

export function Attachment({ file }: { file: PageFile }) {
  const [broken, setBroken] = useState(false);
  const { name, size, mediaType } = file;
  const image = isImage(mediaType);
  return (
    <figure class="attachment" data-testid="attachment" data-file={file.id}>
      {image && !broken && (
        <button
          type="button"
          class="preview"
          data-testid="preview"
          aria-label={t('enlarge', { name })}
          title={t('enlarge', { name })}
          onClick={() => {
            openDialog.value = { kind: 'image', file };
          }}
        >
          <img
            src={addressOf(file, true)}
            alt=""
            loading="lazy"
            decoding="async"
            draggable={false}
            onError={() => setBroken(true)}
          />
        </button>
      )}
      <figcaption>
        <Icon name={iconFor(mediaType, name)} />
        <span class="file-name" dir="auto" title={name}>
          {name}
        </span>
        <span class="file-size">{bytes(size)}</span>
        <a
          class="quiet square"
          data-testid="download"
          href={addressOf(file)}
          download={name}
          aria-label={t('download', { name })}
          title={t('download', { name })}
        >
          <Icon name="download" />
        </a>
      </figcaption>
      {broken && <p class="no-preview">{t('noPreview')}</p>}
    </figure>
  );
}
