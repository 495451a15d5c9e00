import { UsersPage } from "@/features/admin/users-page";

export default function Page() {
  return <UsersPage />;
}
