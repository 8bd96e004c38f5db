// Whether a question is asked: all its conditions hold for what has been answered before it.

export function isAsked(question, answers) {
  return (question.when ?? []).every((condition) => condition.in.includes(valueOf(condition.question, answers)));
}

// What an earlier question, or one check of it ("id.check"), was answered with.
function valueOf(name, answers) {
  const [id, check] = name.split(".");
  const answer = answers[id];
  if (check !== undefined) return answer?.[check];
  return answer?.choice ?? answer;
}
