/** What every request is told that settlement does not serve: a stable code, and words for a person. */
import { z } from 'zod';

export const refusalSchema = z.object({
  code: z.string().describe('stable name of the reason'),
  message: z.string().describe('the same for a person'),
});
export type RefusalBody = z.infer<typeof refusalSchema>;
