import { AdminKeysPage } from "@/features/admin/keys-page";

export default function Page() {
  return <AdminKeysPage />;
}
