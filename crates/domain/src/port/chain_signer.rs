//! Signing of what the record of an instance stands on, so that a record written by somebody else is found out.

pub trait ChainSigner: Send + Sync {
    /// Names the key without telling it.
    fn key_id(&self) -> String;
    fn sign(&self, message: &[u8]) -> Vec<u8>;
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool;
}
