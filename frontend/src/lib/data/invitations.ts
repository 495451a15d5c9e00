/** Invitations, as those see them who manage a place. */
import type { Schemas } from "../api/client";

export type Invitation = Schemas["InvitationView"];
export type IssuedInvitation = Schemas["IssuedInvitationView"];
