/** What axe finds wrong with a page as it stands: each fault with the rule and the element. */
import axe from 'axe-core';

/** A page of either of the libraries that drive browsers here. */
type Evaluating = {
  evaluate(text: string): Promise<unknown>;
  evaluate(run: () => Promise<string[]>): Promise<string[]>;
};

export async function axeFindings({ page }: { page: Evaluating }): Promise<string[]> {
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
