//! Files into resources. A file that cannot be read is named with its line, and the rest goes on.

use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Bytes of one line or one bundle once unpacked, at most.
const TEXT_BYTES: u64 = 1 << 30;

/// A resource and where it stood.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) kind: String,
    pub(super) full_url: Option<String>,
    pub(super) json: Value,
    place: String,
}

/// What a report says of a resource: its type and place, nothing of a person.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) kind: String,
    pub(super) place: String,
}

impl Resource {
    pub(super) fn about(&self) -> About {
        About {
            kind: self.kind.clone(),
            place: self.place.clone(),
        }
    }
}

/// Why something could not be read, by its place.
type Unread = (String, String);

/// Reads files and folders, in order of their names.
pub(super) fn read(paths: &[PathBuf]) -> Result<(Vec<Resource>, Vec<Unread>)> {
    let (mut resources, mut unread) = (Vec::new(), Vec::new());
    for path in paths {
        let mut files = Vec::new();
        find(path, &mut files)
            .with_context(|| format!("looking for files in {}", path.display()))?;
        files.sort();
        for file in files {
            let name = file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if let Err(error) = read_file(&file, &name, &mut resources, &mut unread) {
                unread.push((name, format!("unreadable: {error:#}")));
            }
        }
    }
    Ok((resources, unread))
}

fn find(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        std::fs::metadata(path)?;
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if is_ours(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_ours(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    // Synthea's list of its files is not a resource
    (name.ends_with(".json") || name.ends_with(".ndjson")) && !name.ends_with("manifest.json")
}

fn read_file(
    path: &Path,
    name: &str,
    resources: &mut Vec<Resource>,
    unread: &mut Vec<Unread>,
) -> Result<()> {
    let file = File::open(path)?;
    let is_packed = name.to_lowercase().ends_with(".gz");
    let text: Box<dyn Read> = if is_packed {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut text = BufReader::new(text.take(TEXT_BYTES));
    if !name
        .to_lowercase()
        .trim_end_matches(".gz")
        .ends_with(".ndjson")
    {
        let json =
            serde_json::from_reader(text).map_err(|error| wrong_json(&error, error.line()))?;
        add(json, None, name.to_owned(), resources, unread);
        return Ok(());
    }
    let mut line = Vec::new();
    for number in 1_usize.. {
        line.clear();
        if text.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(json) => add(json, None, format!("{name}:{number}"), resources, unread),
            Err(error) => unread.push((
                format!("{name}:{number}"),
                format!("{:#}", wrong_json(&error, number)),
            )),
        }
    }
    Ok(())
}

/// Says what is wrong without quoting the text, which is somebody's.
fn wrong_json(error: &serde_json::Error, line: usize) -> anyhow::Error {
    anyhow::anyhow!("not JSON at line {line}, column {}", error.column())
}

/// Adds a resource, or those of a bundle.
fn add(
    mut json: Value,
    full_url: Option<String>,
    place: String,
    resources: &mut Vec<Resource>,
    unread: &mut Vec<Unread>,
) {
    let Some(kind) = json["resourceType"].as_str().map(str::to_owned) else {
        unread.push((place, "not a FHIR resource".into()));
        return;
    };
    if kind != "Bundle" {
        if let Some(members) = json.as_object_mut() {
            // long, and nothing here reads them
            members.remove("text");
            members.remove("photo");
        }
        let is_used = matches!(
            kind.as_str(),
            "Patient"
                | "AllergyIntolerance"
                | "Flag"
                | "RelatedPerson"
                | "Appointment"
                | "MedicationRequest"
                | "MedicationStatement"
                | "Medication"
        );
        // of the others only their number is reported
        let json = if is_used {
            json
        } else {
            serde_json::json!({ "id": json["id"] })
        };
        resources.push(Resource {
            kind,
            full_url,
            json,
            place,
        });
        return;
    }
    let entries = json["entry"]
        .as_array_mut()
        .map(std::mem::take)
        .unwrap_or_default();
    for (number, mut entry) in entries.into_iter().enumerate() {
        let full_url = entry["fullUrl"].as_str().map(str::to_owned);
        let place = format!("{place}#{number}");
        let resource = entry["resource"].take();
        if resource.is_null() {
            unread.push((place, "a bundle entry without resource".into()));
        } else {
            add(resource, full_url, place, resources, unread);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_line_that_is_not_json_is_named_and_the_rest_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let text = "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n\n{\"resourceType\":\n{\"resourceType\":\"Patient\",\"id\":\"b\"}\n";
        std::fs::write(dir.path().join("a.ndjson"), text).unwrap();
        let mut packed = flate2::write::GzEncoder::new(
            File::create(dir.path().join("b.json.gz")).unwrap(),
            flate2::Compression::fast(),
        );
        packed.write_all(b"{\"resourceType\":\"Bundle\",\"entry\":[{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":\"Goal\"}},{}]}").unwrap();
        packed.finish().unwrap();
        std::fs::write(dir.path().join("c.json"), "{\"resourceType\": \"Pat").unwrap();
        std::fs::write(dir.path().join("d.json"), "[1]").unwrap();
        std::fs::write(dir.path().join("e.txt"), "not looked at").unwrap();
        let (resources, unread) = read(&[dir.path().to_owned()]).unwrap();
        let places: Vec<&str> = resources
            .iter()
            .map(|resource| resource.place.as_str())
            .collect();
        assert_eq!(places, ["a.ndjson:1", "a.ndjson:4", "b.json.gz#0"]);
        let places: Vec<&str> = unread.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, ["a.ndjson:3", "b.json.gz#1", "c.json", "d.json"]);
        assert!(unread[0].1.contains("line 3"), "{unread:?}");
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error() {
        assert!(read(&["/nowhere/at/all".into()]).is_err());
    }
}
