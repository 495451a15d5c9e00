"use client";

import type { ReactNode } from "react";

import type { ConfirmDialogProps } from "./confirm-dialog-parts";
import { lazyDialog } from "./lazy-dialog";

const Parts = lazyDialog<ConfirmDialogProps<unknown>>(() => import("./confirm-dialog-parts").then((module) => module.ConfirmDialogParts));

/** Asks before something that destroys. Runs the mutation, and stays open with the error when it fails. */
export const ConfirmDialog = Parts as <V>(props: ConfirmDialogProps<V>) => ReactNode;
