//! The JSON Schema of `result.json`.
//!
//! It is strict: an unknown field is an error, so the tests see when the types move ahead of it.

mod shapes;

use ambulo::analysis::SCHEMA_VERSION;
use ambulo::kinematics::AngleId;
use ambulo::parameters::ParameterId;
use serde_json::{Map, Value, json};

use shapes::{
    by_angle, by_parameter, count, described, frame_range, list, map_of, nullable, number, object,
    one_of, pair, per_side, points, reference, string,
};

/// The JSON Schema (draft 2020-12) of what [`crate::result_json`] writes.
///
/// `docs/formats/result.schema.json` is this value, indented.
pub fn schema() -> Value {
    let mut root = object(
        "One analysed trial. Time is in seconds from the first frame, frames count from 0, \
         ranges of frames are half-open, left and right are the subject's.",
        &[
            ("schema_version", json!({ "const": SCHEMA_VERSION })),
            ("input", reference("input")),
            ("quality", reference("quality")),
            ("bouts", list(&reference("bout"))),
            ("events", list(&reference("event"))),
            ("parameters", parameters()),
            ("strides", list(&reference("stride"))),
            ("rejected_cycles", list(&reference("rejected_cycle"))),
            (
                "angles",
                by_angle(&per_side(&nullable(&reference("angle_curve")))),
            ),
            ("indices", reference("indices")),
            ("learned", map_of(&reference("learned"))),
            ("assessment", reference("assessment")),
            ("norms", reference("norms")),
            ("methods", list(&reference("method"))),
            ("provenance", reference("provenance")),
        ],
        &[
            ("lifting", reference("lifting")),
            ("not_estimated", map_of(&string())),
        ],
    );
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "result.json of ambulo",
    });
    if let (Value::Object(root), Value::Object(head)) = (&mut root, head) {
        root.extend(head);
        root.insert("$defs".to_owned(), definitions());
    }
    root
}

fn definitions() -> Value {
    let mut all = Map::new();
    for group in [recording(), numbers(), judgement(), origin()] {
        all.extend(group.into_iter().map(|(name, it)| (name.to_owned(), it)));
    }
    Value::Object(all)
}

/// What was recorded and when things happened.
fn recording() -> Vec<(&'static str, Value)> {
    let input = object(
        "What was analysed.",
        &[
            (
                "name",
                described(&string(), "Name of the file or folder, without its path."),
            ),
            ("format", string()),
            ("view", one_of(&["spatial", "sagittal", "frontal"])),
            ("frames", count()),
            ("rate_hz", number()),
            ("duration_s", number()),
            ("file_time_of_first_frame_s", number()),
            ("file_number_of_first_frame", json!({ "type": "integer" })),
            ("length_unit", reference("length_unit")),
            ("pixels_per_metre", nullable(&number())),
            ("surface", reference("surface")),
            ("subject", reference("subject")),
            ("notes", list(&string())),
        ],
        &[(
            "recorded_on",
            described(
                &string(),
                "Day of the recording as the file tells it, YYYY-MM-DD.",
            ),
        )],
    );
    let length_unit = json!({ "oneOf": [
        object(
            "Metres, with the scale's relative standard error.",
            &[("unit", json!({ "const": "metres" })), ("relative_error", number())],
            &[],
        ),
        object(
            "The subject's leg length, because no scale is known.",
            &[("unit", json!({ "const": "leg_lengths" }))],
            &[],
        ),
    ]});
    let surface = json!({ "oneOf": [
        object("Firm ground.", &[("kind", json!({ "const": "overground" }))], &[]),
        object(
            "A belt that carries the feet backwards.",
            &[
                ("kind", json!({ "const": "treadmill" })),
                ("belt_speed_mps", nullable(&number())),
            ],
            &[],
        ),
    ]});
    let subject = object(
        "What is known of the person who walks.",
        &[
            ("height_m", nullable(&number())),
            ("mass_kg", nullable(&number())),
            ("leg_length_m", per_side(&nullable(&number()))),
            ("age_years", nullable(&number())),
            ("sex", nullable(&one_of(&["female", "male"]))),
        ],
        &[],
    );
    vec![
        ("input", input),
        ("length_unit", length_unit),
        ("surface", surface),
        ("subject", subject),
        ("side", one_of(&["left", "right"])),
        ("frame_range", frame_range()),
        ("bout", bout()),
        ("event", event()),
    ]
}

fn bout() -> Value {
    object(
        "One stretch of walking.",
        &[
            ("kind", one_of(&["straight", "turning"])),
            ("start_frame", count()),
            ("end_frame", count()),
            ("start_s", number()),
            ("end_s", number()),
            (
                "direction",
                json!({
                    "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2,
                    "description": "Horizontal unit vector of the walk: world X and Z.",
                }),
            ),
            ("turned_deg", described(&number(), "Positive to the left.")),
        ],
        &[],
    )
}

fn event() -> Value {
    object(
        "One event of one foot.",
        &[
            ("side", reference("side")),
            ("kind", one_of(&["initial_contact", "foot_off"])),
            ("time_s", number()),
            ("frame", count()),
            ("confidence", described(&number(), "0 to 1.")),
            (
                "source",
                one_of(&[
                    "file",
                    "truth",
                    "consensus",
                    "zeni",
                    "zeni_velocity",
                    "ankle_pelvis_2d",
                    "hreljac",
                    "oconnor_fva",
                    "foot_height",
                    "front_view",
                ]),
            ),
        ],
        &[],
    )
}

/// What was measured.
fn numbers() -> Vec<(&'static str, Value)> {
    let summary = object(
        "One parameter of one side, or of both, over the clean straight cycles.",
        &[
            ("value", nullable(&number())),
            ("unit", string()),
            ("sd", nullable(&number())),
            ("cv_pct", nullable(&number())),
            ("n", count()),
            ("ci95", nullable(&pair())),
            ("status", one_of(&["valid", "caution", "withheld"])),
            ("reason", nullable(&string())),
        ],
        &[(
            "origin",
            described(
                &number_origin(),
                "Absent for a number that the recording itself gave.",
            ),
        )],
    );
    let parameter = object(
        "One parameter: left, right, and both sides together or the whole walk.",
        &[],
        &[
            ("left", reference("summary")),
            ("right", reference("summary")),
            ("both", reference("summary")),
            ("symmetry", reference("symmetry")),
        ],
    );
    let symmetry = object(
        "Left compared with right; in the signed indices positive means the right is larger.",
        &[
            ("robinson_pct", number()),
            ("ratio", number()),
            ("gait_asymmetry_pct", number()),
            ("symmetry_angle_pct", number()),
        ],
        &[],
    );
    let stride = object(
        "One stride with the parameters measured in it.",
        &[
            ("side", reference("side")),
            ("bout", count()),
            ("start_frame", count()),
            ("end_frame", count()),
            ("start_s", number()),
            ("end_s", number()),
            ("used", json!({ "type": "boolean" })),
            ("values", by_parameter(&number())),
        ],
        &[("reason", string())],
    );
    let rejected = object(
        "A cycle that was not used, and why.",
        &[
            ("side", reference("side")),
            ("bout", count()),
            ("start_s", number()),
            ("end_s", number()),
            ("reason", string()),
        ],
        &[],
    );
    let curve = object(
        "An angle over the gait cycle, at 0, 1, …, 100 %.",
        &[
            (
                "method",
                one_of(&["file", "markers", "joint_centres", "sagittal2d", "lifted"]),
            ),
            ("approximate", json!({ "type": "boolean" })),
            ("n", count()),
            ("mean_deg", points()),
            ("sd_deg", nullable(&points())),
        ],
        &[],
    );
    vec![
        ("summary", summary),
        ("parameter", parameter),
        ("symmetry", symmetry),
        ("stride", stride),
        ("rejected_cycle", rejected),
        ("angle_curve", curve),
        ("indices", indices()),
        ("lifting", lifting()),
        ("lead", lead()),
    ]
}

/// Where a number comes from.
fn number_origin() -> Value {
    one_of(&["measured", "lifted"])
}

fn lifting() -> Value {
    let curves = by_angle(&per_side(&nullable(&reference("angle_curve"))));
    let summaries = by_parameter(&reference("parameter"));
    object(
        "What was measured in the motion that a network made of one camera's keypoints. The \
         parameters and angles of the root hold what leads, from the picture or lifted.",
        &[
            ("model", string()),
            ("view", one_of(&["side", "oblique", "frontal"])),
            (
                "out_of_picture_deg",
                described(
                    &number(),
                    "Between the walk and the picture's plane: 0 from the side, 90 from the front.",
                ),
            ),
            ("length_unit", reference("length_unit")),
            (
                "slip",
                described(
                    &number(),
                    "Speed of the standing feet over the ground, as a share of the walking speed.",
                ),
            ),
            (
                "misfit",
                described(
                    &nullable(&number()),
                    "Distance of the lifted pose from the keypoints, as a share of its extent.",
                ),
            ),
            ("parameters", summaries.clone()),
            ("angles", curves.clone()),
            ("parameter_leads", by_parameter(&reference("lead"))),
            ("angle_leads", by_angle(&reference("lead"))),
            (
                "outdone_parameters",
                described(
                    &summaries,
                    "From the picture; a lifted one took their place.",
                ),
            ),
            (
                "outdone_angles",
                described(&curves, "From the picture; a lifted one took their place."),
            ),
        ],
        &[],
    )
}

fn lead() -> Value {
    object(
        "Which of two ways to one quantity leads, with the errors (root mean square) of both in \
         this view.",
        &[
            ("by", number_origin()),
            ("lifted_error", nullable(&number())),
            ("picture_error", nullable(&number())),
            ("why", string()),
        ],
        &[],
    )
}

fn indices() -> Value {
    object(
        "Indices of deviation from the norm.",
        &[
            ("gvs_deg", by_angle(&per_side(&nullable(&number())))),
            ("gps_deg", per_side(&nullable(&number()))),
            ("gps_overall_deg", nullable(&number())),
            ("gdi_star", per_side(&nullable(&number()))),
            ("sagittal_deviation_index", per_side(&nullable(&number()))),
            ("gdi", per_side(&nullable(&number()))),
            ("notes", list(&string())),
        ],
        &[
            ("gvs_reference_deg", by_angle(&reference("norm_value"))),
            ("gps_reference_deg", reference("norm_value")),
        ],
    )
}

fn second_opinion() -> Value {
    object(
        "What another model says of the same walk, beside the one that leads.",
        &[
            ("scorer", string()),
            ("reads", string()),
            ("score", nullable(&count())),
            ("probabilities", list(&number())),
            ("rationale", list(&reference("finding"))),
            ("struck_sentences", count()),
        ],
        &[],
    )
}

/// What it means, and what it was compared with.
fn judgement() -> Vec<(&'static str, Value)> {
    let finding = object(
        "One statement with its numbers and source.",
        &[
            ("rule", string()),
            ("sentence", string()),
            ("z", nullable(&number())),
            ("evidence", list(&reference("evidence"))),
        ],
        &[],
    );
    let evidence = object(
        "The measurement that a sentence rests on.",
        &[
            ("parameter", string()),
            ("side", one_of(&["left", "right", "both"])),
            ("value", number()),
            ("unit", string()),
            ("norm", nullable(&reference("norm_value"))),
            ("frames", list(&reference("frame_range"))),
        ],
        &[],
    );
    let norm_value = object(
        "Mean and standard deviation of healthy walkers.",
        &[("mean", number()), ("sd", number()), ("source", string())],
        &[],
    );
    let assessment = object(
        "Findings against norms.",
        &[
            ("score", nullable(&count())),
            ("probabilities", list(&number())),
            ("abstained", json!({ "type": "boolean" })),
            ("findings", list(&reference("finding"))),
            ("rationale", list(&reference("finding"))),
            (
                "withheld",
                list(&object(
                    "A rule that could not judge, and why.",
                    &[("rule", string()), ("reason", string())],
                    &[],
                )),
            ),
        ],
        &[
            (
                "abstained_because",
                described(&string(), "Why no score was given."),
            ),
            (
                "scorer",
                described(&string(), "Identity of what gave the probabilities."),
            ),
            (
                "scorer_because",
                described(
                    &string(),
                    "Why it, and not the model that usually leads; absent where that one does.",
                ),
            ),
            (
                "struck_sentences",
                described(
                    &count(),
                    "Sentences that the measurements contradict: not shown; absent for none.",
                ),
            ),
            ("second_opinion", second_opinion()),
        ],
    );
    let parameter_norm = object(
        "What one parameter was compared with.",
        &[
            ("parameter", reference("parameter_name")),
            ("norm", reference("norm_value")),
        ],
        &[],
    );
    let curve_norm = object(
        "A norm band over the gait cycle.",
        &[("mean_deg", points()), ("sd_deg", points())],
        &[],
    );
    let norms = object(
        "What the numbers were compared with.",
        &[
            ("parameters", list(&parameter_norm)),
            ("curves", by_angle(&per_side(&curve_norm))),
            ("curves_source", string()),
        ],
        &[],
    );
    vec![
        ("norm_value", norm_value),
        ("evidence", evidence),
        ("finding", finding),
        ("assessment", assessment),
        ("norms", norms),
        ("quality", quality()),
    ]
}

fn quality() -> Value {
    let finding = object(
        "One thing found about the recording.",
        &[
            ("code", string()),
            ("grade", reference("grade")),
            ("message", string()),
        ],
        &[
            ("advice", string()),
            ("value", number()),
            ("limit", number()),
            ("unit", string()),
            ("frames", reference("frame_range")),
        ],
    );
    object(
        "What stands in the way of trusting the trial; the grade is the worst of the findings.",
        &[("grade", reference("grade")), ("findings", list(&finding))],
        &[],
    )
}

/// How it was made, and the names that keys are taken from.
fn origin() -> Vec<(&'static str, Value)> {
    let learned = object(
        "A network's estimate.",
        &[
            ("value", number()),
            ("unit", string()),
            ("ci95", pair()),
            ("model", string()),
            ("status", one_of(&["valid", "caution"])),
            ("reason", nullable(&string())),
            (
                "leads",
                described(
                    &json!({ "type": "boolean" }),
                    "Whether it is the number to go by: nothing was measured, or not in its unit.",
                ),
            ),
        ],
        &[],
    );
    let method = object(
        "How one stage worked.",
        &[
            ("stage", string()),
            ("description", string()),
            ("settings", map_of(&string())),
        ],
        &[],
    );
    let provenance = object(
        "Where the result comes from.",
        &[
            ("version", string()),
            ("input_sha256", string()),
            ("weights_sha256", map_of(&string())),
            (
                "config",
                described(&string(), "The resolved settings, as TOML."),
            ),
        ],
        &[],
    );
    let parameter_names: Vec<&str> = ParameterId::ALL.iter().map(|id| id.name()).collect();
    let angle_names: Vec<&str> = AngleId::ALL.iter().map(|id| id.name()).collect();
    vec![
        ("learned", learned),
        ("method", method),
        ("provenance", provenance),
        ("grade", one_of(&["pass", "caution", "reject"])),
        ("parameter_name", one_of(&parameter_names)),
        ("angle_name", one_of(&angle_names)),
    ]
}

fn parameters() -> Value {
    let entries: Map<String, Value> = ParameterId::ALL
        .iter()
        .map(|id| {
            let about = format!("{}, {}", id.title(), id.unit());
            let entry = json!({ "$ref": "#/$defs/parameter", "description": about });
            (id.name().to_owned(), entry)
        })
        .collect();
    json!({ "type": "object", "properties": entries, "additionalProperties": false })
}
