/** What an operator says of the published lists: that a clock is right, that a large step is meant. */
import { wallS } from '@stile/host/clock.ts';
import { Fault } from '@stile/protocol/fault.ts';
import {
  clockWordSchema,
  forceDenySchema,
  listsViewSchema,
} from '@stile/protocol/http/operator-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { requireOperator } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';

const security = [{ operator: [] }];
const tags = ['operator'];

export function addOperatorLists(app: ApiRouter, parts: ApiParts): void {
  const { store, publisher, clock } = parts;
  const onRequest = requireOperator(parts);
  app.get(
    '/v1/operator/lists',
    {
      onRequest,
      schema: {
        summary: 'The lists in force, what is held back, and whether the clock is believed',
        tags,
        security,
        response: { 200: listsViewSchema, 401: refusalSchema },
      },
    },
    async () => viewOf(publisher.state()),
  );
  app.post(
    '/v1/operator/lists/force',
    {
      onRequest,
      schema: {
        summary: 'Vouch for one version of the deny list, however much it differs',
        description: 'Gates that refused the step take this version, and those that follow it.',
        tags,
        security,
        body: forceDenySchema,
        response: { 200: listsViewSchema, 401: refusalSchema, 404: refusalSchema },
      },
    },
    async (request) => {
      const { denyVersion } = request.body;
      if (!(await store.forceDenyList(denyVersion, clock.now().wallMs))) {
        throw new Fault(
          'NOT_FOUND',
          `there is no deny list ${denyVersion}; see "settlement lists"`,
        );
      }
      await publisher.publish();
      return viewOf(publisher.state());
    },
  );
  addClockWord(app, parts);
}

function addClockWord(app: ApiRouter, parts: ApiParts): void {
  const { publisher, signedClock, timeKeeper, clock } = parts;
  app.post(
    '/v1/operator/clock',
    {
      onRequest: requireOperator(parts),
      schema: {
        summary: "Confirm that settlement's clock is right, by stating the time from elsewhere",
        description:
          'The next lists are signed with it, also if the last ones were of a later time.',
        tags,
        security,
        body: clockWordSchema,
        response: { 200: listsViewSchema, 401: refusalSchema, 409: refusalSchema },
      },
    },
    async (request) => {
      const { nowS } = request.body;
      if (!signedClock.confirm(nowS)) {
        // The machine's own time, which is the one that the word is compared with.
        const machineMs = (signedClock.judge().doubt?.wallS ?? wallS(clock)) * 1000;
        const says = new Date(machineMs).toISOString();
        throw new Fault('CONFLICT', `settlement's clock says ${says}: set it, then confirm it`);
      }
      // By itself: while no key signs no list says it.
      await timeKeeper.keepNow();
      await publisher.publish();
      return viewOf(publisher.state());
    },
  );
}

function viewOf({ list, heldDeny, time }: ReturnType<ApiParts['publisher']['state']>) {
  const { version, issuedAtS, expiresAtS, deny } = list;
  return {
    trust: { version, issuedAtS, expiresAtS },
    deny: { version: deny.version, count: deny.count },
    heldDeny: heldDeny && { version: heldDeny.version, count: heldDeny.count },
    clock: { signedS: time.atS, doubt: time.doubt },
  };
}
