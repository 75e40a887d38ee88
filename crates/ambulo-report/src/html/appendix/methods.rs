//! How the numbers were made, and from what.

use ambulo::analysis::Analysis;
use maud::{Markup, html};

/// One entry a stage, with every filter and threshold.
pub(super) fn methods(analysis: &Analysis) -> Markup {
    html! {
        @for method in &analysis.methods {
            div.method {
                h4 { (method.stage) }
                p { (method.description) }
                @if !method.settings.is_empty() {
                    dl.settings {
                        @for (name, value) in &method.settings {
                            div { dt { (name) } dd { (value) } }
                        }
                    }
                }
            }
        }
        @if !analysis.norms.curves_source.is_empty() {
            div.method { h4 { "norms of the curves" } p { (analysis.norms.curves_source) } }
        }
    }
}

/// Notes of the reader, versions, hashes and settings.
pub(super) fn provenance(analysis: &Analysis) -> Markup {
    let provenance = &analysis.provenance;
    let input = &analysis.input;
    html! {
        dl.settings {
            div { dt { "ambulo" } dd { (provenance.version) } }
            div { dt { "layout of result.json" } dd { (analysis.schema_version) } }
            div { dt { "input" } dd { (input.name) " (" (input.format) ")" } }
            div { dt { "SHA-256 of the input" } dd { code { (provenance.input_sha256) } } }
            @for (name, hash) in &provenance.weights_sha256 {
                div { dt { "SHA-256 of " (name) } dd { code { (hash) } } }
            }
            div { dt { "frame 0 is the file's frame" } dd { (input.file_number_of_first_frame) } }
        }
        @if !input.notes.is_empty() {
            h4 { "Notes of the reader" }
            ul { @for note in &input.notes { li { (note) } } }
        }
        @if !provenance.config.trim().is_empty() {
            h4 { "Settings" }
            pre { (provenance.config.trim_end()) }
        }
    }
}
