//! By what the two secrets of the instance are recognised, in `secret_checks`: every process on the database has to come
//! with the same. Neither can be found out from it.

use orch_domain::error::StoreError;
use orch_domain::secret::Sealed;
use sea_orm::{ConnectionTrait, Value};

use crate::database::Database;
use crate::sql::statement;
use crate::store_error::unavailable;

/// What is kept of the secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretChecks {
    /// Tells two JWT secrets apart.
    pub jwt_secret: String,
    /// Opens with the encryption keys of the instance and with no others.
    pub canary: Sealed,
}

#[derive(Debug, Clone)]
pub struct SeaSecretChecks {
    database: Database,
}

const DOING: &str = "looking whether the secrets are those of the instance";

impl SeaSecretChecks {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// None before the first start.
    pub async fn find(&self) -> Result<Option<SecretChecks>, StoreError> {
        let conn = self.database.reader();
        let select = statement(conn, "SELECT jwt_secret, canary FROM secret_checks WHERE id = 1", []);
        let Some(row) = conn.query_one_raw(select).await.map_err(unavailable(DOING))? else { return Ok(None) };
        let canary: Vec<u8> = row.try_get("", "canary").map_err(unavailable(DOING))?;
        let jwt_secret = row.try_get("", "jwt_secret").map_err(unavailable(DOING))?;
        Ok(Some(SecretChecks { jwt_secret, canary: Sealed::from_bytes(canary) }))
    }

    /// Keeps them where nothing is kept yet, and gives what is kept: of several that start at once, one comes first.
    pub async fn keep(&self, checks: &SecretChecks) -> Result<SecretChecks, StoreError> {
        self.insert(checks, "NOTHING").await?;
        self.find().await?.ok_or(StoreError::Missing { what: "what was just kept of the secrets" })
    }

    /// Puts them in the place of what is kept.
    pub async fn replace(&self, checks: &SecretChecks) -> Result<(), StoreError> {
        self.insert(checks, "UPDATE SET jwt_secret = excluded.jwt_secret, canary = excluded.canary").await
    }

    async fn insert(&self, checks: &SecretChecks, otherwise: &str) -> Result<(), StoreError> {
        let insert = format!(
            "INSERT INTO secret_checks (id, jwt_secret, canary) VALUES (1, $1, $2) ON CONFLICT (id) DO {otherwise}"
        );
        let values: [Value; 2] = [checks.jwt_secret.clone().into(), checks.canary.as_bytes().to_vec().into()];
        let writing = self.database.write_quietly(DOING).await?;
        writing.conn().execute_raw(statement(writing.conn(), &insert, values)).await.map_err(unavailable(DOING))?;
        writing.commit().await
    }

    /// Whether nobody has used the instance yet, so that nothing in it depends on any secrets.
    pub async fn is_new(&self) -> Result<bool, StoreError> {
        let conn = self.database.reader();
        let select = statement(conn, "SELECT id FROM users LIMIT 1", []);
        let used = conn.query_one_raw(select).await.map_err(unavailable(DOING))?.is_some();
        Ok(!used && self.find().await?.is_none())
    }
}
