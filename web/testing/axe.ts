/** What axe finds wrong with a page as it stands: each fault with the rule and the element. */
import axe from 'axe-core';
import type { EitherPage } from './either-browser.ts';

export async function axeFindings({ page }: EitherPage): Promise<string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate(async () => {
    const { axe: inPage } = globalThis as unknown as { axe: typeof axe };
    const { violations } = await inPage.run(document);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(
        ({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`,
      ),
    );
  });
}
