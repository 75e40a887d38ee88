//! How the numbers were made: one entry a stage, with every filter and threshold.

use std::collections::BTreeMap;

use ambulo::analysis::Method;
use ambulo::trial::Recording;
use serde::Serialize;

use crate::config::{Config, EventChoice};
use crate::read::LoadedTrial;
use crate::stages::{Prepared, Walked};

/// The methods of an analysis, in the order of the stages.
pub(crate) fn of(
    loaded: &LoadedTrial,
    prepared: &Prepared,
    walked: &Walked,
    angle_cutoff_hz: Option<f64>,
    config: &Config,
) -> Vec<Method> {
    let mut methods = Vec::new();
    methods.extend(loaded.pose2d.iter().map(|record| record.method.clone()));
    if let Recording::Keypoints(_) = prepared.recording {
        methods.push(identity(prepared));
        methods.push(scale(prepared));
    }
    methods.push(Method {
        stage: "bouts".to_owned(),
        description:
            "Walking is where both feet travel and take turns; where the smoothed heading \
                      turns faster than the limit it is turning, and kept out of the means."
                .to_owned(),
        settings: settings_of(&config.bouts),
    });
    methods.push(Method {
        stage: "walk".to_owned(),
        description: format!("Trajectories: {}.", config.walk.description()),
        settings: config.walk.settings(),
    });
    methods.push(events(loaded, walked, config));
    methods.push(Method {
        stage: "cycles".to_owned(),
        description:
            "A cycle counts if its events come in the order contact, other foot off, other \
                      contact, foot off, contact, and its times are those of a human walk."
                .to_owned(),
        settings: settings_of(&config.cycles),
    });
    methods.push(angles(loaded, angle_cutoff_hz, config));
    methods.push(Method {
        stage: "parameters".to_owned(),
        description:
            "Means over the clean straight cycles; intervals are Student's over strides, joined \
                      with the error of the events' timing and of the scale."
                .to_owned(),
        settings: settings_of(&config.parameters),
    });
    methods
}

fn angles(loaded: &LoadedTrial, cutoff_hz: Option<f64>, config: &Config) -> Method {
    let mut description = match loaded.trial.angles {
        Some(_) => {
            "Angles stored in the file by the laboratory's own model lead; those it lacks were \
             computed."
        }
        None => "Angles were computed from the joints and markers.",
    }
    .to_owned();
    let mut settings = settings_of(&config.angles);
    if let Some(cutoff_hz) = cutoff_hz {
        description.push_str(
            " Their filter's cut-off is the lowest at which it takes no more than noise away \
             (residual analysis, Winter 2009).",
        );
        settings.insert("cutoff".to_owned(), format!("{cutoff_hz} Hz"));
    }
    Method {
        stage: "angles".to_owned(),
        description,
        settings,
    }
}

fn identity(prepared: &Prepared) -> Method {
    let frames: usize = prepared.exchanged.iter().map(|[a, b]| b - a).sum();
    Method {
        stage: "identity".to_owned(),
        description: format!(
            "Left and right leg were exchanged back in {frames} frames; {} keypoints that jumped were removed.",
            prepared.jumps
        ),
        settings: BTreeMap::new(),
    }
}

fn scale(prepared: &Prepared) -> Method {
    Method {
        stage: "scale".to_owned(),
        description: match (&prepared.scale, &prepared.scale_error) {
            (Some(scale), _) => scale.note.clone(),
            (None, error) => error.clone().unwrap_or_default(),
        },
        settings: prepared
            .scale
            .as_ref()
            .map(|scale| {
                let mut settings = settings_of(&scale.source);
                let error = format!("{:.1} %", 100.0 * scale.relative_error);
                settings.insert("relative_error".to_owned(), error);
                settings
            })
            .unwrap_or_default(),
    }
}

fn events(loaded: &LoadedTrial, walked: &Walked, config: &Config) -> Method {
    let stored = loaded.trial.events.len();
    let mut description = match config.input.events {
        EventChoice::Auto if stored > 0 => format!(
            "The file's {stored} events were kept; elsewhere events are the consensus of detectors."
        ),
        EventChoice::Auto | EventChoice::Detect => {
            "Events are the consensus of detectors.".to_owned()
        }
        EventChoice::File => format!("Only the {stored} given events were used."),
    };
    let messages: Vec<&str> = walked
        .detections
        .iter()
        .flat_map(|detection| &detection.messages)
        .map(String::as_str)
        .collect();
    if !messages.is_empty() {
        description.push(' ');
        description.push_str(&messages.join("; "));
        description.push('.');
    }
    let mut settings = config.events.settings();
    settings.insert(
        "timing_scatter".to_owned(),
        format!("{:.1} ms", 1e3 * walked.event_timing_sd_s),
    );
    Method {
        stage: "events".to_owned(),
        description,
        settings,
    }
}

/// Every setting of a config, nested names joined by dots.
pub(crate) fn settings_of(config: &impl Serialize) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    if let Ok(value) = serde_json::to_value(config) {
        flatten("", &value, &mut settings);
    }
    settings
}

fn flatten(name: &str, value: &serde_json::Value, settings: &mut BTreeMap<String, String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (field, value) in fields {
                let name = match name {
                    "" => field.clone(),
                    name => format!("{name}.{field}"),
                };
                flatten(&name, value, settings);
            }
        }
        serde_json::Value::Null => {}
        serde_json::Value::String(text) => {
            settings.insert(name.to_owned(), text.clone());
        }
        other => {
            settings.insert(name.to_owned(), other.to_string());
        }
    }
}
