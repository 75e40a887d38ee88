//! What a file says of the person.

use ambulo::PerSide;
use ambulo::subject::{Sex, Subject};

use super::C3d;
use crate::c3d::ParameterData;

/// Groups in which laboratories write facts about the subject.
const GROUPS: [&str; 5] = [
    "PROCESSING",
    "SUBJECTS",
    "SUBJECT",
    "METADATA",
    "SUBJECT_PARAMETERS",
];

/// The facts that are there, each only if it is possible for a person.
pub(super) fn of(c3d: &C3d) -> Subject {
    Subject {
        height_m: number(c3d, &["Height", "BodyHeight", "SubjectHeight"])
            .and_then(|h| metres(h, 0.5..2.5)),
        mass_kg: number(
            c3d,
            &["Bodymass", "Mass", "Weight", "BodyWeight", "SubjectWeight"],
        )
        .filter(|mass| (5.0..300.0).contains(mass)),
        leg_length_m: PerSide::from_fn(|side| {
            let names = match side {
                ambulo::Side::Left => ["LLegLength", "LeftLegLength", "LEFT_LEG_LENGTH"],
                ambulo::Side::Right => ["RLegLength", "RightLegLength", "RIGHT_LEG_LENGTH"],
            };
            number(c3d, &names).and_then(|length| metres(length, 0.2..1.4))
        }),
        age_years: number(c3d, &["Age", "SubjectAge"]).filter(|age| (0.5..120.0).contains(age)),
        sex: ["Sex", "Gender"]
            .iter()
            .flat_map(|name| GROUPS.map(|group| c3d.text(group, name)))
            .flatten()
            .find_map(|text| match text.trim().to_ascii_lowercase().as_str() {
                "f" | "female" | "w" | "woman" => Some(Sex::Female),
                "m" | "male" | "man" => Some(Sex::Male),
                _ => None,
            }),
    }
}

/// The first positive number of these names, also where it is written as text.
fn number(c3d: &C3d, names: &[&str]) -> Option<f64> {
    names
        .iter()
        .flat_map(|name| GROUPS.map(|group| c3d.parameter(group, name)))
        .flatten()
        .find_map(|parameter| {
            let text = match &parameter.data {
                // The decimal number that was meant: 32.1, not the float's 32.099998.
                ParameterData::Float(values) => values.first()?.to_string(),
                ParameterData::Char(_) => parameter.strings().into_iter().next()?,
                _ => parameter.numbers().first()?.to_string(),
            };
            text.trim()
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite() && *number > 0.0)
        })
}

/// A length of the body, written in metres, centimetres or millimetres: only one is possible.
fn metres(value: f64, possible_m: std::ops::Range<f64>) -> Option<f64> {
    [1.0, 100.0, 1000.0]
        .into_iter()
        .map(|units| value / units)
        .find(|metres| possible_m.contains(metres))
}
