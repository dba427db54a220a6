/**
 * The schema for editors (JSON Schema, draft 7, which YAML editors know best): completion, hover texts and
 * marks under mistakes while `linnet.yaml` is written.
 */
import { z } from 'zod';
import { configSchema } from './schema.ts';

/** What may stand in place of a number, boolean or choice. */
const variablePattern = '^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$';

/** Words of ours that JSON Schema does not know. */
const ownKeys = ['variable', 'unit', 'expected', 'whenReached', 'secret', 'defaultText'];

type Json = z.core.JSONSchema.BaseSchema;

export function jsonSchema(): Readonly<Record<string, unknown>> {
  const schema: Json = z.toJSONSchema(configSchema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema: json }) => rewrite(json),
  });
  const { $schema, ...rest } = schema;
  return { $schema, title: 'linnet.yaml', description: 'Configuration of linnet.', ...rest };
}

function rewrite(json: Json): void {
  const unit = json['unit'];
  if (typeof unit === 'string' && json.description !== undefined) json.description += ` [${unit}]`;
  for (const key of ownKeys) delete json[key];
  const properties = json.properties;
  if (properties?.['bind'] !== undefined && properties['type'] !== undefined) openListener(json);
  if (properties?.['filter'] !== undefined && properties['format'] !== undefined) openScalar(json);
  const isTyped = json.type === 'integer' || json.type === 'number' || json.type === 'boolean';
  if (isTyped || (json.enum !== undefined && json.type === 'string')) allowVariable(json);
}

/** `${NAME}` stands in a file where the schema wants another type. */
function allowVariable(json: Json): void {
  const { description, default: fallback, ...check } = json;
  for (const key of Object.keys(check)) delete json[key];
  json.anyOf = [check as Json, { type: 'string', pattern: variablePattern }];
  if (description !== undefined) json.description = description;
  if (fallback !== undefined) json.default = fallback;
}

/** The seeds write a TLS listener without type, with `ssl`, `certfile`, `keyfile` and `cafile`. */
function openListener(json: Json): void {
  json.required = ['bind'];
  json.properties = {
    ...json.properties,
    ssl: { type: 'boolean', description: 'true makes tcp tls, and ws wss.' },
    certfile: { type: 'string', description: 'As cert_file.' },
    keyfile: { type: 'string', description: 'As key_file.' },
    cafile: { type: 'string', description: 'As ca_file.' },
  };
}

/** `log_messages: seed` is short for `{ format: seed }`. */
function openScalar(json: Json): void {
  const { description, default: _, ...object } = json;
  for (const key of Object.keys(object)) delete json[key];
  json.anyOf = [object as Json, { enum: ['off', 'seed', 'line', 'json'] }];
  if (description !== undefined) json.description = description;
}
