//! Another JWT_SECRET: the API keys of before end, and every chain of the record is signed anew as it stands. What was
//! signed before stays, and [verify](super::verify) holds it against what is there, as far as that can be done without the
//! key of then.

use orch_domain::audit::AuditEntry;
use orch_domain::error::StoreError;
use sea_orm::{ConnectionTrait, Value};

use super::SeaAuditChain;
use super::checkpoint::{Checkpoint, Kind};
use crate::chain::Head;
use crate::sql::statement;
use crate::store_error::unavailable;
use crate::timestamp::stored;

const DOING: &str = "signing the audit chains with another key";

impl SeaAuditChain {
    /// Revokes what keys are live with `revoke_keys`: none of them is known under another secret. Signs the beginning and the end of every chain with the key of now, with `entry` about it on the trail, and gives
    /// what was signed, to be put down in the file as well. Hides nothing that can be found without the key of before:
    /// what does not agree with itself, or with what that key has signed, is found as before. Nothing without a signer.
    pub async fn take_over(&self, revoke_keys: bool, entry: &AuditEntry) -> Result<Vec<Checkpoint>, StoreError> {
        let Some(signer) = self.database.signer() else { return Ok(Vec::new()) };
        let writing = self.database.write_quietly(DOING).await?;
        writing.audit(entry).await?;
        let conn = writing.conn();
        if revoke_keys {
            let revoke = "UPDATE api_keys SET revoked_at = $1 WHERE revoked_at IS NULL";
            let revoke = statement(conn, revoke, [stored(entry.at).into()]);
            conn.execute_raw(revoke).await.map_err(unavailable(DOING))?;
        }
        let mut made = Vec::new();
        for seen in Head::all(conn).await.map_err(unavailable(DOING))? {
            let head = Head::lock(conn, seen.scope, seen.stream, DOING).await?;
            let mut signed = Vec::new();
            if head.first_seq > 1 {
                let place = (head.first_seq - 1, head.first_hash);
                signed.push(Checkpoint::sign(&head, Kind::Pruned, place, head.at, signer));
            }
            if head.seq > 0 {
                let end = Checkpoint::end_of(&head, signer);
                let update = "UPDATE audit_chains SET signature = $1 WHERE id = $2";
                let values: [Value; 2] = [end.signature.clone().into(), head.id.into()];
                conn.execute_raw(statement(conn, update, values)).await.map_err(unavailable(DOING))?;
                signed.push(end);
            }
            for checkpoint in signed {
                checkpoint.insert(conn, head.id).await.map_err(unavailable(DOING))?;
                made.push(checkpoint);
            }
        }
        writing.commit().await?;
        Ok(made)
    }
}
