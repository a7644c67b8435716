/** The files of the message that is being written, and how far they are. */
import { useState } from 'preact/hooks';
import { session } from '../app-state.ts';
import { bytes, count, t } from '../i18n/index.ts';
import { canRetry, type Upload } from '../uploads.ts';
import type { Writing } from '../writing.ts';
import { addressOf, iconFor, isImage } from './attachment.tsx';
import { Icon } from './icons.tsx';

export function UploadTray({ writing }: { writing: Writing }) {
  const all = writing.uploads.all.value;
  if (all.length === 0) return null;
  return (
    <ul class="uploads" aria-label={t('files')}>
      {all.map((upload) => (
        <Row key={upload.key} upload={upload} writing={writing} />
      ))}
    </ul>
  );
}

function Row({ upload, writing }: { upload: Upload; writing: Writing }) {
  const { name, state, file, mediaType } = upload;
  const [broken, setBroken] = useState(false);
  const running = state === 'waiting' || state === 'sending';
  return (
    <li class="upload" data-testid="upload" data-state={state}>
      {file !== undefined && isImage(file.mediaType) && !broken ? (
        <img
          class="thumb"
          src={addressOf(file, true)}
          alt=""
          decoding="async"
          onError={() => setBroken(true)}
        />
      ) : (
        <Icon name={iconFor(mediaType, name)} />
      )}
      <span class="upload-words">
        <span class="file-name" dir="auto" title={name}>
          {name}
        </span>
        <State upload={upload} />
      </span>
      {canRetry(upload) && (
        <button
          type="button"
          class="quiet square"
          data-testid="upload-retry"
          aria-label={t('retryUpload', { name })}
          title={t('retry')}
          onClick={() => writing.uploads.retry(upload.key)}
        >
          <Icon name="retry" />
        </button>
      )}
      <button
        type="button"
        class="quiet square"
        data-testid="upload-cancel"
        aria-label={t(running ? 'cancelUpload' : 'removeFile', { name })}
        title={t(running ? 'cancelUpload' : 'removeFile', { name })}
        onClick={() => writing.remove(upload.key)}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}

function State({ upload }: { upload: Upload }) {
  const { name, size, state, sent, problem } = upload;
  if (problem !== undefined) {
    const { fileBytes, files } = session.limits.value;
    const limit = problem === 'too_large' ? bytes(fileBytes) : count(files);
    return (
      <span class="file-size bad" role="alert">
        {t(`file_${problem}`, { limit })}
      </span>
    );
  }
  if (state === 'done') return <span class="file-size">{bytes(size)}</span>;
  return (
    <>
      <span class="file-size">
        {state === 'waiting'
          ? `${t('uploadWaiting')} · ${bytes(size)}`
          : t('uploadSent', { sent: bytes(sent.value), size: bytes(size) })}
      </span>
      <progress max={size} value={sent.value} aria-label={name} />
    </>
  );
}
