use argon2::{ARGON2ID_IDENT, Params, PasswordHash as Phc, Version};
use domain::passwords::{HashError, PasswordHash};

use crate::Argon2Settings;
use crate::argon2_recipe::Argon2Recipe;

const SALT_BYTES: std::ops::RangeInclusive<usize> = 8..=64;
const OUTPUT_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// A stored hash, parsed and within the caps.
#[derive(Debug)]
pub(crate) struct StoredHash {
    /// How it was made.
    pub(crate) recipe: Argon2Recipe,
    /// The result.
    pub(crate) output: Vec<u8>,
}

impl StoredHash {
    /// Parses a PHC string. Only Argon2id, version 1.3, within the caps of `settings`.
    pub(crate) fn read(stored: &PasswordHash, settings: &Argon2Settings) -> Result<Self, HashError> {
        if stored.expose().len() > PasswordHash::MAX_BYTES {
            return Err(HashError::Unusable("it is too long"));
        }
        let phc = Phc::new(stored.expose()).map_err(|_| HashError::Unusable("it is not a PHC string"))?;
        if phc.algorithm != ARGON2ID_IDENT {
            return Err(HashError::Unusable("its algorithm is not argon2id"));
        }
        if phc.version != Some(u32::from(Version::V0x13)) {
            return Err(HashError::Unusable("its version is not 19"));
        }
        let salt = phc.salt.as_ref().map(|salt| salt.to_vec()).unwrap_or_default();
        let output = phc.hash.map(|output| output.as_bytes().to_vec()).unwrap_or_default();
        if !SALT_BYTES.contains(&salt.len()) || !OUTPUT_BYTES.contains(&output.len()) {
            return Err(HashError::Unusable("its salt or its hash is missing, too short or too long"));
        }
        let params = read_params(&phc)?;
        check_caps(&params, settings)?;
        Ok(Self { recipe: Argon2Recipe { params, salt }, output })
    }
}

impl Argon2Settings {
    /// Checks whether a password can be compared with this hash.
    ///
    /// # Errors
    /// [`HashError::Unusable`] when it cannot be read or exceeds a cap.
    pub fn check_stored(&self, hash: &PasswordHash) -> Result<(), HashError> {
        StoredHash::read(hash, self).map(drop)
    }
}

/// Requires each of `m`, `t` and `p`: the parser would use a default for a missing one.
fn read_params(phc: &Phc) -> Result<Params, HashError> {
    let invalid = HashError::Unusable("its parameters are not m, t and p within the bounds of Argon2");
    let names: Vec<_> = phc.params.iter().map(|(name, _)| name).collect();
    if names.len() != 3 || !["m", "t", "p"].iter().all(|name| names.iter().any(|it| it.as_str() == *name)) {
        return Err(invalid);
    }
    Params::try_from(phc).map_err(|_| invalid)
}

fn check_caps(params: &Params, settings: &Argon2Settings) -> Result<(), HashError> {
    if params.m_cost() > settings.max_memory_kib {
        return Err(HashError::Unusable("its memory exceeds the cap"));
    }
    if params.t_cost() > settings.max_iterations {
        return Err(HashError::Unusable("its iterations exceed the cap"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &str = "c29tZXNhbHQ";
    const HASH: &str = "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    fn read(text: &str) -> Result<StoredHash, HashError> {
        StoredHash::read(&PasswordHash::stored(text.to_owned()), &Argon2Settings::default())
    }

    #[test]
    fn takes_a_hash_apart() {
        let stored = read(&format!("$argon2id$v=19$m=65536,t=10,p=1${SALT}${HASH}")).unwrap();
        assert_eq!(stored.recipe.params, Params::new(65_536, 10, 1, Some(32)).unwrap());
        assert_eq!(stored.recipe.salt, b"somesalt");
        assert_eq!(stored.output.len(), 32);
    }

    #[test]
    fn refuses_what_it_does_not_compute() {
        let long_salt = "A".repeat(90);
        let spoiled = [
            String::new(),
            "nonsense".to_owned(),
            "$".repeat(513),
            format!("$argon2id$v=19$m=4096,t=2,p=1${SALT}${}", "A".repeat(600)),
            "$".to_owned(),
            "$$$$$".to_owned(),
            "$garbage".to_owned(),
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW".to_owned(),
            format!("$argon2i$v=19$m=4096,t=2,p=1${SALT}${HASH}"),
            format!("$argon2d$v=19$m=4096,t=2,p=1${SALT}${HASH}"),
            format!("$argon2id$v=16$m=4096,t=2,p=1${SALT}${HASH}"),
            format!("$argon2id$m=4096,t=2,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19${SALT}${HASH}"),
            format!("$argon2id$v=19$m=4096,t=2${SALT}${HASH}"),
            format!("$argon2id$v=19$m=4096,m=4096,t=2,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=4096,m=4096,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=4096,t=2,p=1,data=c29tZQ${SALT}${HASH}"),
            format!("$argon2id$v=19$m=4096,t=0,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=4096,t=2,p=0${SALT}${HASH}"),
            format!("$argon2id$v=19$m=7,t=2,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=64,t=2,p=4294967295${SALT}${HASH}"),
            format!("$argon2id$v=19$m=65537,t=2,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=4294967295,t=2,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=4294967296,t=2,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=4096,t=11,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=4096,t=2,p=1${SALT}"),
            format!("$argon2id$v=19$m=4096,t=2,p=1$c29tZQ${HASH}"),
            format!("$argon2id$v=19$m=4096,t=2,p=1${long_salt}${HASH}"),
            format!("$argon2id$v=19$m=4096,t=2,p=1${SALT}${}", &HASH[..20]),
            format!("$argon2id$v=19$m=4096,t=2,p=1${SALT}${HASH}{HASH}{HASH}"),
            format!("$argon2id$v=19$m=4096,t=2,p=1${SALT}${HASH}$"),
        ];
        for text in spoiled {
            assert!(matches!(read(&text), Err(HashError::Unusable(_))), "{text}");
        }
    }
}
