/** Columns that cross the thread, chosen once. */
import { getTableColumns } from 'drizzle-orm';
import { chats, persons } from './schema.ts';

const {
  leaseHolder: _holder,
  leaseGeneration: _generation,
  madeBy: _madeBy,
  ...chatColumns
} = getTableColumns(chats);
const { chats: _chats, ...personColumns } = getTableColumns(persons);

export { chatColumns, personColumns };
