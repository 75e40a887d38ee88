//! The gait score with its probabilities, and the sentences on what it may rest on.

use ambulo::analysis::Analysis;
use ambulo::assessment::{Assessment, Finding, SecondOpinion};
use maud::{Markup, html};

use super::{findings, words};
use crate::number;

/// What each score means, in words of our own.
const MEANINGS: [&str; 4] = [
    "no disturbance of the gait",
    "a small disturbance",
    "a clear disturbance",
    "a strong disturbance",
];

/// Headings of the rationale, and how the rules of its sentences begin.
const PARTS: [(&str, &str); 3] = [("Foot", "foot_"), ("Arm", "arm_"), ("Overall", "overall_")];

/// Whether there is anything to show.
pub(super) fn given(assessment: &Assessment) -> bool {
    assessment.score.is_some() || assessment.abstained || !assessment.rationale.is_empty()
}

/// The section, or nothing where no score was asked for.
pub(super) fn section(analysis: &Analysis) -> Markup {
    let assessment = &analysis.assessment;
    if !given(assessment) {
        return html! {};
    }
    html! {
        section.score aria-labelledby="score-heading" {
            h2 #score-heading { "Gait score" }
            @match assessment.score {
                Some(score) => {
                    p { strong { "Score " (score) " of 0 to 3" } ": " (meaning(usize::from(score))) "." }
                }
                None if assessment.abstained => {
                    p { strong { "No score is given" } @if let Some(why) = &assessment.abstained_because { ": " (why) } "." }
                }
                None => {}
            }
            @if !assessment.probabilities.is_empty() { (probabilities(assessment)) }
            @if let Some(scorer) = &assessment.scorer {
                p.small {
                    "By " (scorer) ", which learned from motion capture with simulated impairments"
                    @if let Some(why) = &assessment.scorer_because { "; " (why) }
                    ". The scale is that of the gait item of the MDS-UPDRS; it describes this walk and is no diagnosis."
                }
            }
            @if let Some(other) = &assessment.second_opinion { (second_opinion(other, assessment.scorer_because.is_some())) }
            @if !assessment.rationale.is_empty() { (rationale(&assessment.rationale)) }
            @if assessment.struck_sentences > 0 {
                p.small { (words::count(assessment.struck_sentences, "sentence that the measurements contradict was struck", "sentences that the measurements contradict were struck")) "." }
            }
        }
    }
}

fn meaning(score: usize) -> &'static str {
    MEANINGS.get(score).copied().unwrap_or_default()
}

fn probabilities(assessment: &Assessment) -> Markup {
    html! {
        table.probabilities {
            caption { "Probability of each score" }
            tbody {
                @for (score, probability) in assessment.probabilities.iter().enumerate() {
                    @let share = 100.0 * probability.clamp(0.0, 1.0);
                    tr {
                        th scope="row" { (score) }
                        td.meaning { (meaning(score)) }
                        td.number { (number::with_unit(share, 0, "%")) }
                        td.share { span style={ "width:" (number::fixed(share, 1)) "%" } {} }
                    }
                }
            }
        }
    }
}

/// What the language model says, in a line, and its sentences for who wants to read them. Where it leads, its score stands
/// above already.
fn second_opinion(other: &SecondOpinion, leads: bool) -> Markup {
    html! {
        p.small {
            @if !leads { "Beside it, " }
            (other.scorer) @if leads { " is" } @else { "," } " a language model that reads the motion"
            @if other.reads == "motion" { " alone" } @else { " and what was measured of it" }
            @if let Some(why) = other.unscored_because() { ": " (why) }
            @if let Some(score) = other.score && !leads {
                ": score " (score) " (" (meaning(usize::from(score))) ")"
            }
            "; " (words::count(other.rationale.len(), "sentence of its own is borne out by the measurements", "sentences of its own are borne out by the measurements"))
            @if other.struck_sentences > 0 { ", " (words::count(other.struck_sentences, "was struck because it contradicts them", "were struck because they contradict them")) }
            "."
        }
        @if !other.rationale.is_empty() {
            details {
                summary { "What it wrote" }
                p.small {
                    "Between one and two standard deviations from the norm a value may be called usual or not, so that words \
                     may differ from those below."
                }
                ul.rationale {
                    @for sentence in &other.rationale {
                        li {
                            (sentence.sentence)
                            @for evidence in &sentence.evidence { span.rests { (findings::measurement(evidence)) } }
                        }
                    }
                }
            }
        }
    }
}

/// Each sentence with what it rests on right below it.
fn rationale(sentences: &[Finding]) -> Markup {
    html! {
        h3 { "What was measured, in words" }
        @for (heading, prefix) in PARTS {
            @let own: Vec<(usize, &Finding)> = sentences.iter().enumerate().filter(|(_, it)| it.rule.starts_with(prefix)).collect();
            @if !own.is_empty() {
                h4 { (heading) }
                ul.rationale {
                    @for (index, sentence) in own {
                        li {
                            a href={ "#reason-" (index + 1) } { (sentence.sentence) }
                            @for evidence in &sentence.evidence { span.rests { (findings::measurement(evidence)) } }
                        }
                    }
                }
            }
        }
        @let others: Vec<(usize, &Finding)> = sentences.iter().enumerate().filter(|(_, it)| PARTS.iter().all(|(_, prefix)| !it.rule.starts_with(prefix))).collect();
        @if !others.is_empty() {
            ul.rationale {
                @for (index, sentence) in others { li { a href={ "#reason-" (index + 1) } { (sentence.sentence) } } }
            }
        }
    }
}
