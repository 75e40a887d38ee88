//! `ambulo synth`: training data out of nothing but seeds and free bodies.

use std::path::PathBuf;

use ambulo::picture::Picture;
use ambulo_io::files::write_atomically;
use ambulo_train::motion::Role;
use ambulo_train::people::{
    KeypointFile, PeopleSettings, SyntheticPeople, contact_sheet, draw_labels, png_bytes,
};
use ambulo_train::pictures::{LabelledPicture, Pictures as _, picture_rng};
use anyhow::Context as _;

use crate::Outcome;
use crate::progress::{Progress, say};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Rendered pictures of people with exact joints: PNG files and keypoints.json as COCO writes it
    People(PeopleArgs),
}

#[derive(Debug, clap::Args)]
struct PeopleArgs {
    /// Folder with `makehuman` (bodies) and `cmu` (recorded walks) in it
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folder for the pictures
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// How many pictures
    #[arg(long, default_value_t = 100)]
    count: u64,
    /// Seed of everything; a picture depends on it and its own number only
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Width and height in pixels
    #[arg(long, value_name = "WxH", default_value = "240x320", value_parser = size)]
    size: [u32; 2],
    /// How many times the person's box fits into the picture, from and to
    #[arg(long, value_name = "FROM,TO", default_value = "1.25,1.7", value_parser = margin)]
    box_margin: [f64; 2],
    /// Whose recorded walks the people move by
    #[arg(long, value_enum, default_value = "train")]
    role: RoleArg,
    /// Draw the labels over the pictures: the person's left red, the right blue, hidden joints hollow
    #[arg(long)]
    draw: bool,
    /// Also write sheet.png with the first pictures side by side, so many in a row
    #[arg(long, value_name = "COLUMNS", num_args = 0..=1, default_missing_value = "8")]
    sheet: Option<usize>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum RoleArg {
    Train,
    Tune,
    Test,
}

/// The most pictures on a sheet.
const SHEET_PICTURES: usize = 96;

fn size(text: &str) -> Result<[u32; 2], String> {
    let parsed = text.split_once('x').and_then(|(width, height)| {
        Some([width.trim().parse().ok()?, height.trim().parse().ok()?])
    });
    parsed.ok_or_else(|| format!("{text:?} is not WIDTHxHEIGHT, such as 240x320"))
}

fn margin(text: &str) -> Result<[f64; 2], String> {
    let parsed = text
        .split_once(',')
        .and_then(|(from, to)| Some([from.trim().parse().ok()?, to.trim().parse().ok()?]));
    parsed.ok_or_else(|| format!("{text:?} is not FROM,TO, such as 1.25,1.7"))
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let What::People(args) = &args.what;
    let settings = PeopleSettings {
        width_px: args.size[0],
        height_px: args.size[1],
        margin: args.box_margin,
    };
    let role = match args.role {
        RoleArg::Train => Role::Train,
        RoleArg::Tune => Role::Tune,
        RoleArg::Test => Role::Test,
    };
    let mut progress = Progress::new(false);
    progress.stage("reading bodies and walks");
    let people = SyntheticPeople::load(&args.data, role, &settings)?;
    std::fs::create_dir_all(&args.output)
        .with_context(|| format!("cannot create the folder {}", args.output.display()))?;

    let mut keypoints = KeypointFile::default();
    let mut sheet: Vec<Picture> = Vec::new();
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let mut next = 0;
    let mut said = 0;
    while next < args.count {
        let end = (next + threads).min(args.count);
        for (index, labelled) in (next..end).zip(draw(&people, args.seed, next..end)) {
            let picture = if args.draw {
                draw_labels(&labelled)
            } else {
                labelled.picture.clone()
            };
            let name = format!("{index:06}.png");
            write_atomically(&args.output.join(&name), &png_bytes(&picture)?)?;
            keypoints.add(&name, &labelled);
            if args.sheet.is_some() && sheet.len() < SHEET_PICTURES {
                sheet.push(picture);
            }
        }
        next = end;
        if next * 20 / args.count > said || next == args.count {
            said = next * 20 / args.count;
            progress.stage(&format!("{next} of {} pictures", args.count));
        }
    }
    write_atomically(&args.output.join("keypoints.json"), &keypoints.to_bytes())?;
    if let Some(columns) = args.sheet
        && let Some(sheet) = contact_sheet(&sheet, columns)
    {
        write_atomically(&args.output.join("sheet.png"), &png_bytes(&sheet)?)?;
    }
    progress.finish();
    say(&format!(
        "{} pictures and keypoints.json: {}",
        args.count,
        args.output.display()
    ));
    Ok(Outcome::Done)
}

/// The pictures of these numbers, each on a thread of its own.
fn draw(
    people: &SyntheticPeople,
    seed: u64,
    numbers: std::ops::Range<u64>,
) -> Vec<LabelledPicture> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = numbers
            .map(|number| scope.spawn(move || people.draw(&mut picture_rng(seed, number))))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("drawing a picture does not panic"))
            .collect()
    })
}
