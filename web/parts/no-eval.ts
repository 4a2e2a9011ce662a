/**
 * Schemas are read without code that is made at run time: the pages' policy forbids it, and a browser reports the
 * mere attempt. First among the imports of each page, because a schema looks when it is made.
 */
import { z } from 'zod';

z.config({ jitless: true });
