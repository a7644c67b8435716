import { expect, test } from 'vitest';
import { readErrand, readQuestion, splitFile } from './requests.ts';

test.each([
  ['report', { kind: 'report' }],
  ['Please write a report.', { kind: 'report' }],
  ['отчёт', { kind: 'report' }],
  ['напиши отчет', { kind: 'report' }],
  ['보고서', { kind: 'report' }],
  ['보고서를 써 줘', { kind: 'report' }],
  ['files', { kind: 'files' }],
  ['мои файлы', { kind: 'files' }],
  ['파일 목록', { kind: 'files' }],
  ['delete the file "My Data (1).CSV"', { kind: 'delete', name: 'My Data (1).CSV' }],
  ['удали файл a.txt', { kind: 'delete', name: 'a.txt' }],
  ['a.txt 파일 삭제해 줘', { kind: 'delete', name: 'a.txt' }],
  ['send a.txt back', { kind: 'send', name: 'a.txt' }],
  ['пришли a.txt', { kind: 'send', name: 'a.txt' }],
  ['a.txt를 보내 줘', { kind: 'send', name: 'a.txt' }],
  ['read `a.txt`', { kind: 'read', name: 'a.txt' }],
  ['прочитай a.txt', { kind: 'read', name: 'a.txt' }],
  ['report a bug', undefined],
  ['the report is late', undefined],
  ['delete\nme', undefined],
])('errand: %s', (text, expected) => {
  expect(readErrand(text)).toEqual(expected);
});

const mean = { kind: 'statistic', what: 'mean', column: 'price' };
test.each([
  ['how many lines?', { kind: 'count', of: 'lines' }],
  ['How many rows are there', { kind: 'count', of: 'rows' }],
  ['number of words', { kind: 'count', of: 'words' }],
  ['words', { kind: 'count', of: 'words' }],
  ['сколько строк?', { kind: 'count', of: 'lines' }],
  ['сколько там слов', { kind: 'count', of: 'words' }],
  ['몇 줄이야?', { kind: 'count', of: 'lines' }],
  ['단어 수', { kind: 'count', of: 'words' }],
  ['행 수는?', { kind: 'count', of: 'rows' }],
  ['columns', { kind: 'columns' }],
  ['what columns are there?', { kind: 'columns' }],
  ['столбцы', { kind: 'columns' }],
  ['열', { kind: 'columns' }],
  ['first 5 lines', { kind: 'first', lines: 5 }],
  ['show me the first line', { kind: 'first', lines: 1 }],
  ['первые 5 строк', { kind: 'first', lines: 5 }],
  ['첫 5줄', { kind: 'first', lines: 5 }],
  ['first 9999 lines', { kind: 'first', lines: 50 }],
  ['mean of price', { ...mean, sure: true }],
  ['What is the average price?', { ...mean, sure: false }],
  ['среднее по price', { ...mean, sure: true }],
  ['среднее по столбцу price', { ...mean, sure: true }],
  ['price의 평균은?', { ...mean, sure: true }],
  ['price 평균', { ...mean, sure: false }],
  [
    'median of the column "Unit Price"',
    { kind: 'statistic', what: 'median', column: 'Unit Price', sure: true },
  ],
  ['distinct values of city', { kind: 'statistic', what: 'distinct', column: 'city', sure: true }],
  ['hello there', undefined],
  ['how many people', undefined],
  ['columns of smoke', undefined],
  ['first of all', undefined],
])('question: %s', (text, expected) => {
  expect(readQuestion(text)).toEqual(expected);
});

test('a question that names its file', () => {
  expect(splitFile('mean of price in data.csv?')).toEqual({ question: 'mean of price', file: 'data.csv' });
  expect(splitFile('сколько строк в a.txt')).toEqual({ question: 'сколько строк', file: 'a.txt' });
  expect(splitFile('a.txt의 단어 수')).toEqual({ question: '단어 수', file: 'a.txt' });
  expect(splitFile('mean of price')).toBeUndefined();
});
