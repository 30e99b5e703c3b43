//! What users tell about themselves, and the values that it is made of.

mod birthday;
mod full_name;
mod locale;
mod username;

pub use birthday::Birthday;
pub use full_name::FullName;
pub use locale::Locale;
pub use username::Username;

/// What users tell about themselves. None of it is required, and the one rule is that a username is unique.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Unique where it is given. The user can sign in with it, as with the email.
    pub username: Option<Username>,
    /// The name to show.
    pub full_name: Option<FullName>,
    /// Date of birth.
    pub birthday: Option<Birthday>,
    /// The language to write to the user in.
    pub locale: Option<Locale>,
}

impl Profile {
    /// The language to write to the user in, who gets `other` if they chose none.
    pub fn locale_or(&self, other: Locale) -> Locale {
        self.locale.clone().unwrap_or(other)
    }
}

/// What to change of a profile. `None` leaves a field as it is; the inner `None` clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// The username.
    pub username: Option<Option<Username>>,
    /// The name to show.
    pub full_name: Option<Option<FullName>>,
    /// Date of birth.
    pub birthday: Option<Option<Birthday>>,
    /// The language to write to the user in.
    pub locale: Option<Option<Locale>>,
}

/// The change after which a profile is this one: what is not in it is cleared.
impl From<Profile> for ProfileChange {
    fn from(profile: Profile) -> Self {
        Self {
            username: Some(profile.username),
            full_name: Some(profile.full_name),
            birthday: Some(profile.birthday),
            locale: Some(profile.locale),
        }
    }
}

impl ProfileChange {
    /// The profile with what is given, and the rest as it was.
    pub fn apply_to(self, profile: Profile) -> Profile {
        Profile {
            username: self.username.unwrap_or(profile.username),
            full_name: self.full_name.unwrap_or(profile.full_name),
            birthday: self.birthday.unwrap_or(profile.birthday),
            locale: self.locale.unwrap_or(profile.locale),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_stays_and_what_is_none_is_cleared() {
        let name = |text| Some(FullName::parse(text).unwrap());
        let before = Profile { username: Username::parse("ada").ok(), full_name: name("Ada"), ..Profile::default() };
        assert_eq!(ProfileChange::default().apply_to(before.clone()), before);
        let change =
            ProfileChange { username: Some(None), full_name: Some(name("Ada King")), ..ProfileChange::default() };
        let after = Profile { username: None, full_name: name("Ada King"), ..Profile::default() };
        assert_eq!(change.apply_to(before), after);
    }
}
