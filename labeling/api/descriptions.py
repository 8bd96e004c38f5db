"""What the API's description says of documents that are no serializers: the row of an upload, the column mapping."""

UPLOAD = """Upload a file: a part `file` of a form, or its bytes as the body with their media type (`application/x-ndjson`,
`text/csv`, `application/octet-stream`); or name a granted storage path in JSON.

NDJSON has an item a line:

```json
{"external_id": "greeting-1",
 "messages": [{"role": "user", "content": "Say hello in French."}],
 "responses": [{"key": "a", "text": "Bonjour.", "model": "m-1"}, {"key": "b", "text": "Salut !"}],
 "language": "en", "domain": "general", "difficulty": 2, "metadata": {"source": "support"}}
```

| field | |
|---|---|
| `external_id` | your name for the item, at most 200 characters; needed, once a project |
| `messages` | the conversation: `role` (system, user, assistant, tool) and `content`; needed |
| `responses` | what is judged: `text`, and if you like `key` (a short word; a, b, … when left out) and `model`, which reviewers never see |
| `language` | a BCP 47 tag; identified when left out |
| `domain`, `difficulty` | what the item needs of a reviewer: a word of the project's, 1 to 5 |
| `provenance` | human, production or synthetic |
| `metadata` | an object of yours, carried into releases. `authors` in it, a list or one name, says who wrote the texts: a reviewer whom you know by such a name (`r-…`) is never given the item |
| `expected` | makes the item gold: `{"answer": {question: answer}, "explanation": "…", "concept": "…"}` |

CSV and Parquet have a column a field (`prompt` and `response_a`, `response_b`, … stand for messages and responses, with
`model_a`, …; `metadata.<name>` for metadata), or a saved column mapping. Exports of Label Studio and Argilla are read by their
usual names (`prompt`, `text` or `question`; `response_a` or `answer1`, …), or by a mapping; their annotations come as
history. Everything may be packed with gzip or zstd.

A row that is wrong is kept with its line, field and reason (`/batches/{batch}/rejects`) and stops no other. 202 for a new
batch, 200 for the same file again, which creates nothing.
"""

MAPPING = """Save a column mapping: 201 with its next version, 200 with the version of before where nothing differs.

A mapping is `{"fields": {field: source}}`. A source is `{"column": name}` or `{"constant": value}`; with a column, `type`
(text, integer, number, boolean, json), `split` (a marker to cut at) and `part` (which part, from 0). A name may lead into
objects by dots. `messages` and `responses` are a source that gives a list, or a list of sources with `role`, or `key` and
`model`; `metadata` is a source that gives an object, or an object of sources:

```json
{"fields": {
  "external_id": {"column": "Id"},
  "messages": [{"role": "system", "constant": "Be brief."}, {"role": "user", "column": "Question"}],
  "responses": [{"key": "a", "column": "Answer 1", "model": {"constant": "m-1"}}, {"key": "b", "column": "Answer 2"}],
  "difficulty": {"column": "Level", "type": "integer"},
  "metadata": {"tags": {"column": "Tags", "split": ";"}}}}
```
"""
