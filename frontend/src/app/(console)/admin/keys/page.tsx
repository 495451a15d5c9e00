import type { Metadata } from "next";

import { AdminKeysPage } from "@/features/admin/keys-page";

export const metadata: Metadata = { title: "Keys" };

export default function Page() {
  return <AdminKeysPage />;
}
