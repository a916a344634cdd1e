use crate::load::complaints::Complaints;
use crate::model::job::Job;
use crate::model::yaml::Yaml;
use std::path::Path;
pub(super) fn read(_yaml: &Yaml, _folder: &Path, _complaints: &Complaints) -> Option<Job> {
    None
}
