//! What was recorded: the head of the first page.

use ambulo::analysis::Input;
use ambulo::subject::{Sex, Subject};
use maud::{Markup, html};

use super::words;
use crate::number;

pub(super) fn header(input: &Input) -> Markup {
    html! {
        header.head {
            div.title {
                div {
                    h1 { "Gait report" }
                    p.trial { (input.name) }
                }
                p.badge { "Research use, not a diagnosis" }
            }
            dl.facts {
                div { dt { "Subject" } dd { (subject(&input.subject)) } }
                div { dt { "Recorded" } dd { (recorded(input)) } }
                div { dt { "Recording" } dd { (recording(input)) } }
                div { dt { "Walk" } dd { (words::surface(input.surface)) "; lengths in " (words::length_unit(input.length_unit)) } }
            }
            p.write-in aria-hidden="true" { "Name" span {} "Date" span {} "Seen by" span {} }
        }
    }
}

fn subject(subject: &Subject) -> String {
    let sex = subject.sex.map(|sex| match sex {
        Sex::Female => "female".to_owned(),
        Sex::Male => "male".to_owned(),
    });
    let facts = [
        sex,
        subject
            .age_years
            .map(|age| number::with_unit(age, 0, "years")),
        subject
            .height_m
            .map(|height| number::with_unit(height, 2, "m")),
        subject.mass_kg.map(|mass| number::with_unit(mass, 1, "kg")),
        leg(subject),
    ];
    let known: Vec<String> = facts.into_iter().flatten().collect();
    if known.is_empty() {
        "nothing known".to_owned()
    } else {
        known.join(", ")
    }
}

fn leg(subject: &Subject) -> Option<String> {
    let legs = subject.leg_length_m;
    match (legs.left, legs.right) {
        (Some(left), Some(right)) => Some(format!(
            "leg length left {}, right {}",
            number::with_unit(left, 2, "m"),
            number::with_unit(right, 2, "m")
        )),
        (Some(one), None) | (None, Some(one)) => {
            Some(format!("leg length {}", number::with_unit(one, 2, "m")))
        }
        (None, None) => None,
    }
}

fn recorded(input: &Input) -> String {
    input
        .recorded_on
        .clone()
        .unwrap_or_else(|| "day not in the file".to_owned())
}

fn recording(input: &Input) -> String {
    format!(
        "{}, {}; {} frames, {} at {}",
        input.format,
        words::view(input.view),
        input.frames,
        number::with_unit(input.duration_s, 1, "s"),
        number::with_unit(input.rate_hz, 1, "Hz")
    )
}
