// The windows of one person tell each other what became of a task, so that none goes on with what another has ended. They
// tell once the next task is there: the others then get the same, and never ask in the same moment.

import { person } from "./api.js";

const channel = new BroadcastChannel(`assay-desk-${person}`);

export const tell = (news) => channel.postMessage(news);

export const listen = (act) => channel.addEventListener("message", ({ data }) => act(data));
