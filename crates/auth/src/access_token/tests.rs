//! Tokens that must be refused, and the one kind that is not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use orch_domain::Timestamp;
use orch_domain::id::{LoginId, UserId};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::access_token::{AccessTokens, Bearer};
use crate::config::AuthConfig;
use crate::error::AuthFailure;
use crate::master::{MasterSecrets, Strictness};
use crate::vault::key::parse_keys;

const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_unix_timestamp(NOW).unwrap()
}

fn secrets(jwt_secret: &str) -> MasterSecrets {
    let keys = parse_keys(&SecretString::from("42".repeat(32))).unwrap();
    MasterSecrets::derive(&SecretString::from(jwt_secret), keys, Strictness::Development).unwrap()
}

fn our_secrets() -> MasterSecrets {
    secrets("a secret of this test, long enough")
}

fn our_tokens() -> AccessTokens {
    AccessTokens::new(&AuthConfig::default(), &our_secrets())
}

fn some_bearer() -> Bearer {
    Bearer { user_id: UserId::new(), login_id: LoginId::new() }
}

fn good_claims() -> Value {
    json!({
        "iss": "mcp-orchestrator", "aud": "mcp-orchestrator",
        "sub": UserId::new().to_string(), "sid": LoginId::new().to_string(),
        "iat": NOW, "exp": NOW + 900,
    })
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = good_claims();
    claims[name] = value.into();
    claims
}

fn without(name: &str) -> Value {
    let mut claims = good_claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn header(algorithm: Algorithm, typ: Option<&str>) -> Header {
    let mut header = Header::new(algorithm);
    header.typ = typ.map(str::to_owned);
    header
}

fn sign(header: &Header, claims: &Value, secrets: &MasterSecrets) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secrets.access_token_key.as_slice())).unwrap()
}

fn good_header() -> Header {
    header(Algorithm::HS256, Some("at+jwt"))
}

/// A token with any header text at all, and a signature that is right under our key.
fn forge(header: &str, claims: &Value) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, our_secrets().access_token_key.as_slice());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes())))
}

#[track_caller]
fn refuses(token: &str) -> AuthFailure {
    our_tokens().verify(token, now()).unwrap_err()
}

#[test]
fn a_token_names_its_user_and_login_until_it_expires() {
    let tokens = our_tokens();
    let bearer = some_bearer();
    let token = tokens.issue(bearer, now()).unwrap();
    let lifetime = tokens.lifetime();
    assert_eq!(tokens.verify(token.expose_secret(), now()), Ok(bearer));
    assert_eq!(tokens.verify(token.expose_secret(), now() + lifetime - time::Duration::SECOND), Ok(bearer));
    assert_eq!(
        tokens.verify(token.expose_secret(), now() + lifetime),
        Err(AuthFailure::Expired("access token")),
        "an expiry has no leeway"
    );
}

#[test]
fn the_forging_helpers_make_good_tokens_when_told_so() {
    assert!(our_tokens().verify(&sign(&good_header(), &good_claims(), &our_secrets()), now()).is_ok());
    assert!(our_tokens().verify(&forge(r#"{"alg":"HS256","typ":"at+jwt"}"#, &good_claims()), now()).is_ok());
}

#[test]
fn refuses_every_algorithm_but_its_own() {
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = sign(&header(algorithm, Some("at+jwt")), &good_claims(), &our_secrets());
        assert_eq!(refuses(&token), AuthFailure::Unknown("the token is signed with another algorithm"));
    }
    for algorithm in ["RS256", "ES256", "PS256", "EdDSA", "HS384", "none", "None", "NONE", "nOnE", "hs256", ""] {
        let header = json!({"alg": algorithm, "typ": "at+jwt"}).to_string();
        refuses(&forge(&header, &good_claims()));
        let signed = forge(&header, &good_claims());
        let (message, _) = signed.rsplit_once('.').unwrap();
        refuses(&format!("{message}."));
        refuses(message);
    }
    refuses(&forge(r#"{"typ":"at+jwt"}"#, &good_claims()));
}

#[test]
fn refuses_a_signature_by_another_key() {
    let other = secrets("another secret that is long enough too");
    let token = sign(&good_header(), &good_claims(), &other);
    assert_eq!(refuses(&token), AuthFailure::Unknown("the signature of the token is wrong"));
    // The master secret itself is not the key, only what is derived from it.
    let key = EncodingKey::from_secret(b"a secret of this test, long enough");
    refuses(&jsonwebtoken::encode(&good_header(), &good_claims(), &key).unwrap());
    let key = EncodingKey::from_secret(our_secrets().refresh_hash_key.as_slice());
    refuses(&jsonwebtoken::encode(&good_header(), &good_claims(), &key).unwrap());
}

#[test]
fn refuses_wrong_claims() {
    let table = [
        ("issuer", with("iss", "somebody")),
        ("no issuer", without("iss")),
        ("audience", with("aud", "somebody")),
        ("audiences, ours not among them", with("aud", json!(["a", "b"]))),
        ("no audience", without("aud")),
        ("no expiry", without("exp")),
        ("expired", with("exp", NOW)),
        ("expired long ago", with("exp", NOW - 86_400)),
        ("expiry as text", with("exp", (NOW + 900).to_string())),
        ("expiry beyond all numbers", with("exp", 1e300)),
        ("no issue time", without("iat")),
        ("issued in the future", with("iat", NOW + 31)),
        ("not yet valid", with("nbf", NOW + 31)),
        ("no subject", without("sub")),
        ("subject that is no id", with("sub", "root")),
        ("no login", without("sid")),
        ("login that is no id", with("sid", "1")),
    ];
    for (what, claims) in table {
        let outcome = our_tokens().verify(&sign(&good_header(), &claims, &our_secrets()), now());
        assert!(outcome.is_err(), "{what}");
    }
}

#[test]
fn allows_for_clocks_of_replicas_that_differ_a_little() {
    for claims in [with("iat", NOW + 30), with("nbf", NOW + 30)] {
        assert!(our_tokens().verify(&sign(&good_header(), &claims, &our_secrets()), now()).is_ok());
    }
}

#[test]
fn refuses_other_kinds_of_token() {
    for typ in [None, Some("JWT"), Some("at+jwt+x"), Some("refresh+jwt")] {
        let token = sign(&header(Algorithm::HS256, typ), &good_claims(), &our_secrets());
        assert_eq!(refuses(&token), AuthFailure::Unknown("the token is not an access token"), "{typ:?}");
    }
    let mut critical = good_header();
    critical.crit = Some(vec!["exp".to_owned()]);
    refuses(&sign(&critical, &good_claims(), &our_secrets()));
}

#[test]
fn refuses_a_token_with_any_character_changed() {
    let token = our_tokens().issue(some_bearer(), now()).unwrap();
    let token = token.expose_secret();
    for at in 0..token.len() {
        let mut bytes = token.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(our_tokens().verify(&changed, now()).is_err(), "character {at}");
    }
}

#[test]
fn refuses_what_is_no_token() {
    let good = our_tokens().issue(some_bearer(), now()).unwrap();
    let good = good.expose_secret();
    let long = format!("eyJ{}", "a".repeat(1 << 20));
    for text in ["", ".", "..", "...", "eyJ", "eyJ.eyJ.", "a.b.c", "eyJhbGciOiJIUzI1NiJ9", long.as_str()] {
        refuses(text);
    }
    refuses(&format!("{good}."));
    refuses(&format!("{good}.{good}"));
    refuses(&format!(" {good}"));
    refuses(&format!("{good}="));
    refuses(&good[..good.len() - 1]);
}

proptest::proptest! {
    #[test]
    fn never_dies_of_any_text(text in ".{0,200}") {
        proptest::prop_assert!(our_tokens().verify(&text, now()).is_err());
    }
}
