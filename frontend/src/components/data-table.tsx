"use client";

import { ArrowDownIcon, ArrowUpIcon } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { useTranslations } from "use-intl";

import { cn } from "@/lib/cn";

import { Checkbox } from "./ui/checkbox";
import { Table, Td, Th } from "./ui/table";
import { useRowsInSight } from "./use-rows-in-sight";

export interface Column<T> {
  id: string;
  header: string;
  /** The header is only for screen readers, as for actions. */
  hideHeader?: boolean;
  cell: (row: T) => ReactNode;
  /** Makes the column sortable. */
  sort?: (row: T) => string | number;
  align?: "right";
  /**
   * For th and td: a width, or from which width of the table on the column is shown, such as `@max-md:hidden`: the table
   * shares the screen with the navigation. `w-full max-w-0` takes what the others leave, and what is too long for it is
   * cut; one column has it, so that the actions at the end are never out of sight.
   */
  className?: string;
}

interface Selection {
  ids: ReadonlySet<string>;
  onChange: (ids: ReadonlySet<string>) => void;
  label: (id: string) => string;
}

interface DataTableProps<T> {
  /** What the table shows, for screen readers. */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowId: (row: T) => string;
  selection?: Selection;
  /** Where a row is known to be of less weight, such as a revoked key. */
  isMuted?: (row: T) => boolean;
  className?: string;
}

const ROW_HEIGHT = 45;

interface Sorting {
  column: string;
  descending: boolean;
}

/** A list with many columns. Rows in sight are drawn, so thousands scroll smoothly. */
export function DataTable<T>(props: DataTableProps<T>) {
  const { label, columns, rows, rowId, selection, isMuted, className } = props;
  const t = useTranslations("common");
  const [sorting, setSorting] = useState<Sorting>();
  const sorted = useMemo(() => sortRows(rows, columns, sorting), [rows, columns, sorting]);
  const { measure, first, end, before, after } = useRowsInSight({ items: sorted.length, rows: sorted.length, height: ROW_HEIGHT });
  const shown = sorted.slice(first, end);
  const span = columns.length + (selection === undefined ? 0 : 1);

  return (
    // Positioned, so that what is only for screen readers scrolls with it and does not widen the page.
    <div className={cn("thin-scrollbar @container relative min-w-0 overflow-x-auto", className)}>
      <Table aria-label={label} aria-rowcount={sorted.length + 1}>
        <thead className="border-b border-border">
          <tr>
            {selection !== undefined && (
              <Th className="w-8 pr-0!">
                <Checkbox
                  aria-label={t("selectAll")}
                  checked={selection.ids.size === 0 ? false : selection.ids.size === rows.length ? true : "indeterminate"}
                  onCheckedChange={(checked) => {
                    selection.onChange(new Set(checked === true ? rows.map(rowId) : []));
                  }}
                />
              </Th>
            )}
            {columns.map((column) => (
              <HeaderCell key={column.id} column={column} sorting={sorting} onSort={setSorting} />
            ))}
          </tr>
        </thead>
        <tbody ref={measure} className="divide-y divide-border">
          {before > 0 && <Spacer height={before} span={span} />}
          {shown.map((row) => {
            const id = rowId(row);
            return (
              <tr key={id} className={cn("transition-colors hover:bg-muted/60", isMuted?.(row) === true && "text-muted-foreground")}>
                {selection !== undefined && (
                  <Td className="w-8 pr-0!">
                    <Checkbox
                      aria-label={t("selectRow", { name: selection.label(id) })}
                      checked={selection.ids.has(id)}
                      onCheckedChange={(checked) => {
                        const ids = new Set(selection.ids);
                        if (checked === true) ids.add(id);
                        else ids.delete(id);
                        selection.onChange(ids);
                      }}
                    />
                  </Td>
                )}
                {columns.map((column) => (
                  <Td key={column.id} className={cn(column.align === "right" && "text-right tabular", column.className)}>
                    {column.cell(row)}
                  </Td>
                ))}
              </tr>
            );
          })}
          {after > 0 && <Spacer height={after} span={span} />}
        </tbody>
      </Table>
    </div>
  );
}

function Spacer({ height, span }: { height: number; span: number }) {
  return (
    <tr aria-hidden>
      <td colSpan={span} style={{ height }} />
    </tr>
  );
}

interface HeaderCellProps<T> {
  column: Column<T>;
  sorting: Sorting | undefined;
  onSort: (sorting: Sorting | undefined) => void;
}

function HeaderCell<T>({ column, sorting, onSort }: HeaderCellProps<T>) {
  const t = useTranslations("common");
  const { id, header, hideHeader = false, sort, align, className } = column;
  const classes = cn(align === "right" && "text-right", className);
  if (hideHeader) {
    return (
      <Th className={classes}>
        <span className="sr-only">{header}</span>
      </Th>
    );
  }
  if (sort === undefined) return <Th className={classes}>{header}</Th>;
  const isSorted = sorting?.column === id;
  const Icon = isSorted && sorting.descending ? ArrowDownIcon : ArrowUpIcon;
  return (
    <Th className={classes} aria-sort={isSorted ? (sorting.descending ? "descending" : "ascending") : "none"}>
      <button
        type="button"
        title={t("sortBy", { column: header })}
        className={cn(
          "group -mx-1 inline-flex align-middle items-center gap-1 rounded-sm px-1 hover:text-foreground",
          // The text stands above the numbers, whether they are sorted or not.
          align === "right" && "flex-row-reverse",
        )}
        onClick={() => {
          if (!isSorted) onSort({ column: id, descending: false });
          else if (sorting.descending) onSort(undefined);
          else onSort({ column: id, descending: true });
        }}
      >
        {header}
        <Icon aria-hidden className={cn("size-3", isSorted ? "" : "opacity-0 group-hover:opacity-60 group-focus-visible:opacity-60")} />
      </button>
    </Th>
  );
}

function sortRows<T>(rows: readonly T[], columns: readonly Column<T>[], sorting: Sorting | undefined): readonly T[] {
  const by = columns.find((column) => column.id === sorting?.column)?.sort;
  if (sorting === undefined || by === undefined) return rows;
  const sign = sorting.descending ? -1 : 1;
  const compare = new Intl.Collator(undefined, { numeric: true }).compare;
  return [...rows].sort((a, b) => {
    const [left, right] = [by(a), by(b)];
    return sign * (typeof left === "number" && typeof right === "number" ? left - right : compare(String(left), String(right)));
  });
}
