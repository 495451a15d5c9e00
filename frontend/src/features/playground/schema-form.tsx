"use client";

import { PlusIcon, XIcon } from "lucide-react";
import { useId, useState } from "react";
import { useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { Button } from "@/components/ui/button";
import { Checkbox } from "@/components/ui/checkbox";
import { Input, Select, Textarea } from "@/components/ui/input";
import {
  choicesOf,
  effective,
  initialValue,
  isObject,
  type Json,
  kindOf,
  type Lack,
  type Schema,
  variantsOf,
} from "@/lib/json-schema";

import { JsonField } from "./json-field";

export type Lacks = ReadonlyMap<string, Lack["problem"]>;

interface NodeProps {
  schema: Schema | boolean;
  root: Schema;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  path: string;
  name: string;
  isRequired: boolean;
  depth: number;
  lacks: Lacks;
}

interface SchemaFormProps {
  schema: Schema;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  lacks: Lacks;
}

/** A form for a value of a schema: nested objects, lists, choices, variants; JSON for what no form can be made of. */
export function SchemaForm({ schema, value, onChange, lacks }: SchemaFormProps) {
  const t = useTranslations("playground");
  const root = effective(schema, schema);
  const members = Object.entries(root.properties ?? {});
  if (members.length === 0) {
    if (root.additionalProperties === false || (root.additionalProperties === undefined && root.properties !== undefined)) {
      return <p className="text-sm text-muted-foreground">{t("noArguments")}</p>;
    }
    return <JsonField label={t("arguments")} value={value} onChange={onChange} />;
  }
  return <Members schema={root} root={schema} value={value} onChange={onChange} path="" depth={0} lacks={lacks} />;
}

function Members({ schema, root, value, onChange, path, depth, lacks }: Omit<NodeProps, "schema" | "name" | "isRequired"> & { schema: Schema }) {
  const object = isObject(value) ? value : {};
  return (
    <div className="grid gap-4">
      {Object.entries(schema.properties ?? {}).map(([name, property]) => (
        <Node
          key={name}
          schema={property}
          root={root}
          name={name}
          path={`${path}/${name}`}
          depth={depth + 1}
          isRequired={schema.required?.includes(name) ?? false}
          lacks={lacks}
          value={object[name]}
          onChange={(next) => {
            const { [name]: _before, ...rest } = object;
            onChange(next === undefined ? rest : { ...rest, [name]: next });
          }}
        />
      ))}
    </div>
  );
}

function Node(props: NodeProps) {
  const { root, depth } = props;
  const schema = effective(props.schema, root);
  const inner = { ...props, schema };
  switch (kindOf(schema, root, depth)) {
    case "constant":
      return null;
    case "boolean":
      return <BooleanField {...inner} />;
    case "choice":
      return <ChoiceField {...inner} />;
    case "choices":
      return <ChoicesField {...inner} />;
    case "number":
      return <NumberField {...inner} />;
    case "text":
      return <TextField {...inner} />;
    case "object":
      return <ObjectField {...inner} />;
    case "list":
      return <ListField {...inner} />;
    case "variants":
      return <VariantsField {...inner} />;
    case "json":
      return <JsonField label={labelOf(inner)} hint={schema.description} optional={!props.isRequired} value={props.value} onChange={props.onChange} />;
  }
}

type FieldProps = Omit<NodeProps, "schema"> & { schema: Schema };

function labelOf({ schema, name }: Pick<FieldProps, "schema" | "name">): string {
  return schema.title ?? name;
}

function useFieldProps(props: FieldProps) {
  const t = useTranslations("playground");
  const problem = props.lacks.get(props.path);
  return {
    label: labelOf(props),
    hint: props.schema.description,
    optional: !props.isRequired,
    error: problem === undefined ? undefined : t(`lack.${problem}`),
  };
}

const INPUT_TYPES: Record<string, string> = { date: "date", email: "email", uri: "url", password: "password" };

function TextField(props: FieldProps) {
  const { schema, value, onChange, isRequired } = props;
  const field = useFieldProps(props);
  const text = typeof value === "string" ? value : "";
  // An optional text that is empty is left out; a required one may be empty when the schema lets it.
  const change = (next: string) => {
    onChange(next === "" && !isRequired ? undefined : next);
  };
  const isLong = (schema.maxLength ?? 0) > 200 || /text|content|body|query|code|message|prompt/i.test(props.name);
  return (
    <Field {...field}>
      {(control) =>
        isLong && schema.format === undefined ? (
          <Textarea
            {...control}
            rows={3}
            value={text}
            onChange={(event) => {
              change(event.target.value);
            }}
          />
        ) : (
          <Input
            {...control}
            type={INPUT_TYPES[schema.format ?? ""] ?? "text"}
            placeholder={schema.format === "date-time" ? "2026-01-31T12:00:00Z" : undefined}
            autoComplete="off"
            value={text}
            onChange={(event) => {
              change(event.target.value);
            }}
          />
        )
      }
    </Field>
  );
}

/** What is no number yet, such as a minus sign, stays as it is typed. */
function numberIn(text: string): number | string | undefined {
  if (text.trim() === "") return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

function NumberField(props: FieldProps) {
  const { schema, value, onChange } = props;
  const field = useFieldProps(props);
  // Kept for its spelling: `1.50` is a number already, and stays `1.50` for who types it.
  const [typed, setTyped] = useState("");
  const text = numberIn(typed) === value ? typed : String(value ?? "");
  return (
    <Field {...field}>
      {(control) => (
        <Input
          {...control}
          inputMode={schema.type === "integer" ? "numeric" : "decimal"}
          autoComplete="off"
          className="max-w-60"
          value={text}
          onChange={(event) => {
            setTyped(event.target.value);
            onChange(numberIn(event.target.value));
          }}
        />
      )}
    </Field>
  );
}

function BooleanField(props: FieldProps) {
  const { schema, value, onChange, isRequired } = props;
  const t = useTranslations("playground");
  const field = useFieldProps(props);
  return (
    <Field {...field}>
      {(control) => (
        <Select
          {...control}
          className="max-w-60"
          value={typeof value === "boolean" ? String(value) : ""}
          onChange={(event) => {
            onChange(event.target.value === "" ? undefined : event.target.value === "true");
          }}
        >
          {(!isRequired || value === undefined) && (
            <option value="">{schema.default === undefined ? t("notSet") : t("default", { value: String(schema.default) })}</option>
          )}
          <option value="true">true</option>
          <option value="false">false</option>
        </Select>
      )}
    </Field>
  );
}

function ChoiceField(props: FieldProps) {
  const { schema, root, value, onChange, isRequired } = props;
  const t = useTranslations("playground");
  const field = useFieldProps(props);
  const choices = choicesOf(schema, root) ?? [];
  const chosen = choices.findIndex((choice) => choice.value === value);
  return (
    <Field {...field}>
      {(control) => (
        <Select
          {...control}
          className="max-w-80"
          value={chosen === -1 ? "" : String(chosen)}
          onChange={(event) => {
            onChange(event.target.value === "" ? undefined : choices[Number(event.target.value)]?.value);
          }}
        >
          {(!isRequired || chosen === -1) && <option value="">{t("notSet")}</option>}
          {choices.map(({ label }, index) => (
            <option key={label} value={String(index)}>
              {label}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function ChoicesField(props: FieldProps) {
  const { schema, root, value, onChange } = props;
  const id = useId();
  const items = typeof schema.items === "object" ? effective(schema.items, root) : {};
  const chosen = Array.isArray(value) ? value : [];
  return (
    <Group {...props}>
      <div className="flex flex-wrap gap-x-4 gap-y-2">
        {(choicesOf(items, root) ?? []).map((choice, index) => (
          <label key={choice.label} htmlFor={`${id}-${index}`} className="flex items-center gap-2 text-sm">
            <Checkbox
              id={`${id}-${index}`}
              checked={chosen.includes(choice.value)}
              onCheckedChange={(checked) => {
                const rest = chosen.filter((other) => other !== choice.value);
                onChange(checked === true ? [...rest, choice.value] : rest);
              }}
            />
            {choice.label}
          </label>
        ))}
      </div>
    </Group>
  );
}

function ObjectField(props: FieldProps) {
  const t = useTranslations("playground");
  const { schema, root, value, onChange, isRequired } = props;
  if (value === undefined) {
    return (
      <Group {...props}>
        <Button
          size="sm"
          className="justify-self-start"
          onClick={() => {
            onChange(initialValue(schema, root, true, props.depth) ?? {});
          }}
        >
          <PlusIcon aria-hidden /> {t("fillIn")}
        </Button>
      </Group>
    );
  }
  return (
    <Group {...props} onRemove={isRequired ? undefined : () => { onChange(undefined); }}>
      <Members {...props} schema={schema} />
    </Group>
  );
}

function ListField(props: FieldProps) {
  const t = useTranslations("playground");
  const { schema, root, value, onChange, path, depth, lacks } = props;
  const list = Array.isArray(value) ? value : [];
  const items = schema.items ?? {};
  return (
    <Group {...props}>
      {list.map((item, index) => (
        // The place is all that an item is known by.
        <div key={index} className="flex items-start gap-2">
          <div className="min-w-0 flex-1">
            <Node
              schema={items}
              root={root}
              name={t("item", { number: index + 1 })}
              path={`${path}/${index}`}
              depth={depth + 1}
              isRequired
              lacks={lacks}
              value={item}
              onChange={(next) => {
                onChange(list.map((other, at) => (at === index ? (next ?? "") : other)));
              }}
            />
          </div>
          <Button
            variant="ghost"
            size="icon-sm"
            className="mt-5.5"
            aria-label={t("removeItem", { number: index + 1 })}
            onClick={() => {
              onChange(list.filter((_, at) => at !== index));
            }}
          >
            <XIcon aria-hidden />
          </Button>
        </div>
      ))}
      <Button
        size="sm"
        className="justify-self-start"
        onClick={() => {
          onChange([...list, initialValue(items, root, true, depth + 1) ?? ""]);
        }}
      >
        <PlusIcon aria-hidden /> {t("addItem")}
      </Button>
    </Group>
  );
}

function VariantsField(props: FieldProps) {
  const t = useTranslations("playground");
  const { schema, root, value, onChange, path, depth, lacks } = props;
  const id = useId();
  const variants = variantsOf(schema, root);
  // What is chosen stays while its value is written: half a number fits no variant, and neither does an empty field.
  const [at, setAt] = useState(() => variants.findIndex((variant) => fits(value, variant, root)));
  const variant = variants[at];
  return (
    <Group {...props}>
      <Select
        id={id}
        aria-label={t("variantOf", { name: labelOf(props) })}
        className="max-w-80"
        value={at === -1 ? "" : String(at)}
        onChange={(event) => {
          const chosen = event.target.value === "" ? -1 : Number(event.target.value);
          const next = variants[chosen];
          setAt(chosen);
          onChange(next === undefined ? undefined : (initialValue(next, root, true, depth) ?? emptyOf(next)));
        }}
      >
        <option value="">{t("notSet")}</option>
        {variants.map((other, index) => (
          <option key={index} value={String(index)}>
            {other.title ?? typeText(other) ?? t("variant", { number: index + 1 })}
          </option>
        ))}
      </Select>
      {variant !== undefined && (
        <Node schema={variant} root={root} name={variant.title ?? props.name} path={path} depth={depth + 1} isRequired lacks={lacks} value={value} onChange={onChange} />
      )}
    </Group>
  );
}

function typeText(schema: Schema): string | undefined {
  return Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type;
}

function emptyOf(schema: Schema): Json {
  switch (schema.type) {
    case "number":
    case "integer":
      return 0;
    case "boolean":
      return false;
    case "array":
      return [];
    case "string":
      return "";
    default:
      return {};
  }
}

function fits(value: Json | undefined, schema: Schema, root: Schema): boolean {
  switch (kindOf(schema, root)) {
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    case "list":
    case "choices":
      return Array.isArray(value);
    case "object":
    case "json": {
      if (!isObject(value)) return false;
      const constants = Object.entries(schema.properties ?? {}).filter(([, property]) => typeof property === "object" && property.const !== undefined);
      return constants.every(([name, property]) => typeof property === "object" && value[name] === property.const);
    }
    default:
      return value !== undefined && (choicesOf(schema, root)?.some((choice) => choice.value === value) ?? false);
  }
}

function Group({ children, onRemove, ...props }: FieldProps & { children: React.ReactNode; onRemove?: () => void }) {
  const t = useTranslations("playground");
  const common = useTranslations("common");
  const { label, hint, optional, error } = useFieldProps(props);
  return (
    <fieldset className="grid min-w-0 gap-3 rounded-md border border-border p-3 pt-2">
      <legend className="flex items-baseline gap-1.5 px-1 text-sm font-medium">
        {label}
        {optional && <span className="text-xs font-normal text-muted-foreground">{common("optional")}</span>}
        {onRemove !== undefined && (
          <Button variant="link" size="sm" onClick={onRemove}>
            {t("leaveOut")}
          </Button>
        )}
      </legend>
      {hint !== undefined && <p className="text-xs text-muted-foreground">{hint}</p>}
      {children}
      {error !== undefined && <p className="text-sm text-danger">{error}</p>}
    </fieldset>
  );
}
