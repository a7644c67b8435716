/** What a person reads when an upload was not taken. */
import { sizeText } from '@surfaces/core';
import type { Locale } from '@surfaces/protocol';
import type { UPLOAD_ERRORS } from './frames.ts';

export type UploadProblem = (typeof UPLOAD_ERRORS)[number] | 'too_many';

/** `{limit}`: the size of the largest file. */
export const UPLOAD_WORDS: Readonly<Record<Locale, Readonly<Record<UploadProblem, string>>>> = {
  en: {
    too_large: 'This file is larger than {limit}. Nothing larger can be sent here.',
    empty: 'This file is empty: there is nothing to send.',
    disk_full: 'The server has no room left for this file. Tell whoever runs it, or try again later.',
    cut_off: 'The upload broke off. Try again.',
    not_served: 'You are not on the list of this system. Ask whoever runs it to add you.',
    no_files: 'Files cannot be sent here.',
    stopping: 'The server is restarting. Try again in a moment.',
    failed: 'The file could not be kept. Try again.',
    too_many: 'Too many files at once. Wait until one of them is there, then send the next.',
  },
  ru: {
    too_large: 'Этот файл больше {limit}. Больше отправить нельзя.',
    empty: 'Этот файл пуст: отправлять нечего.',
    disk_full: 'На сервере нет места для этого файла. Сообщите тому, кто им управляет, или попробуйте позже.',
    cut_off: 'Загрузка прервалась. Попробуйте ещё раз.',
    not_served: 'Вас нет в списке этой системы. Попросите того, кто ею управляет, добавить вас.',
    no_files: 'Сюда нельзя отправлять файлы.',
    stopping: 'Сервер перезапускается. Попробуйте через минуту.',
    failed: 'Файл не удалось сохранить. Попробуйте ещё раз.',
    too_many: 'Слишком много файлов сразу. Дождитесь, пока один загрузится, и отправьте следующий.',
  },
  ko: {
    too_large: '이 파일은 {limit}보다 큽니다. 더 큰 파일은 보낼 수 없습니다.',
    empty: '빈 파일입니다. 보낼 내용이 없습니다.',
    disk_full: '서버에 이 파일을 둘 공간이 없습니다. 운영자에게 알리거나 나중에 다시 시도하세요.',
    cut_off: '업로드가 중간에 끊겼습니다. 다시 시도하세요.',
    not_served: '이 시스템의 명단에 없습니다. 운영자에게 추가해 달라고 하세요.',
    no_files: '여기에는 파일을 보낼 수 없습니다.',
    stopping: '서버가 다시 시작하는 중입니다. 잠시 뒤에 다시 시도하세요.',
    failed: '파일을 저장하지 못했습니다. 다시 시도하세요.',
    too_many: '한 번에 보내는 파일이 너무 많습니다. 하나가 끝난 뒤에 다음 파일을 보내세요.',
  },
};

export function uploadText(problem: UploadProblem, locale: Locale, maxBytes: number): string {
  return UPLOAD_WORDS[locale][problem].replace('{limit}', sizeText(maxBytes, locale));
}
