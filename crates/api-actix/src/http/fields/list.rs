/// Declares a list of fields: [`FieldList`](crate::fields::FieldList), from which bodies and queries are read, and the
/// schema and the parameters of the OpenAPI document, where the body has the name after `as`.
///
/// Each field is a line: its name, and its type within [`Required`](crate::fields::Required),
/// [`Optional`](crate::fields::Optional), [`NotNull`](crate::fields::NotNull), [`Clearable`](crate::fields::Clearable)
/// or [`Flat`](crate::fields::Flat); [`ReadOnly`](crate::fields::ReadOnly) stands around one of these. The list itself
/// can be the type of a field, which then is an object.
///
/// What the fields become stands after `->`: a struct with fields of the same names, or any type, which then is made by
/// the expression after `build`. It sees each field under its name. `example` is a JSON object.
///
/// ```
/// use api_actix::fields::{Clearable, Required};
/// use domain::users::{Email, Username};
///
/// struct Change {
///     username: Option<Option<Username>>,
/// }
///
/// api_actix::fields! {
///     /// What to change.
///     ChangeBody as "Change" -> Change {
///         /// `null` takes it away.
///         username: Clearable<Username>,
///     }
/// }
///
/// api_actix::fields! {
///     /// A change for somebody.
///     ProposalBody as "Proposal" -> (Email, Change) {
///         to: Required<Email>,
///         change: Required<ChangeBody>,
///     }
///     example {"to": "ada@example.com", "change": {"username": null}}
///     build (to, change)
/// }
/// ```
#[macro_export]
macro_rules! fields {
    (
        $(#[doc = $about:literal])*
        $visibility:vis $name:ident as $schema:literal -> $target:ty {
            $($(#[doc = $doc:literal])* $field:ident: $presence:ty),* $(,)?
        }
        $(example $example:tt)?
        $(build $build:expr)?
    ) => {
        $(#[doc = $about])*
        $visibility enum $name {}

        impl $crate::fields::FieldList for $name {
            type Value = $target;

            fn read(fields: &mut $crate::fields::Fields<'_>) -> Option<$target> {
                // All are taken before the first fault ends the reading.
                $(let $field = <$presence as $crate::fields::Presence>::take(fields, stringify!($field));)*
                $(let $field = $field?;)*
                Some($crate::fields!(@build $target; $($build)?; $($field)*))
            }

            fn describe(description: &mut $crate::fields::Description) {
                $(<$presence as $crate::fields::Presence>::describe(description, stringify!($field), &[$($doc),*]);)*
            }
        }

        impl $crate::fields::FieldValue for $name {
            type Value = $target;

            fn read(field: $crate::fields::Field<'_>) -> Option<$target> {
                field.object::<Self>()
            }

            fn schema() -> $crate::private::RefOr<$crate::private::Schema> {
                $crate::private::Ref::from_schema_name($schema).into()
            }

            fn schemas(schemas: &mut Vec<(String, $crate::private::RefOr<$crate::private::Schema>)>) {
                schemas.push(($schema.to_owned(), <Self as $crate::private::PartialSchema>::schema()));
                <Self as $crate::private::ToSchema>::schemas(schemas);
            }
        }

        impl $crate::private::PartialSchema for $name {
            fn schema() -> $crate::private::RefOr<$crate::private::Schema> {
                let example = None $(.or(Some($crate::private::json!($example))))?;
                $crate::private::object::<Self>(&[$($about),*], example)
            }
        }

        impl $crate::private::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                $schema.into()
            }

            fn schemas(schemas: &mut Vec<(String, $crate::private::RefOr<$crate::private::Schema>)>) {
                schemas.extend($crate::private::schemas::<Self>());
            }
        }

        impl $crate::private::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<$crate::private::ParameterIn>,
            ) -> Vec<$crate::private::Parameter> {
                $crate::private::parameters::<Self>()
            }
        }
    };
    (@build $target:ty; ; $($field:ident)*) => {{
        type Target = $target;
        Target { $($field),* }
    }};
    (@build $target:ty; $build:expr; $($field:ident)*) => {
        $build
    };
}
