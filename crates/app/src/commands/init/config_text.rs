//! The configuration that `init` writes.

use super::Side;

pub(super) fn text(left: &Side, right: &Side) -> String {
    let local = left.is_local() && right.is_local();
    let public_url = if local {
        "# Where trackers reach the edge, for webhooks: trackers on this machine reach it where it listens.\n\
         public_url = \"http://127.0.0.1:7400\"\n"
    } else {
        "# Where trackers reach the edge, for webhooks. Without it trackers are polled.\n\
         # public_url = \"https://sync.acme.example\"\n"
    };
    format!(
        "# Twinline's configuration. Relative paths start from this file's folder.\n\
         # Secrets are references: {{ file = \"PATH\" }} or {{ env = \"NAME\" }}.\n\
         format = 1\n\
         data   = \"twinline-data\"          # where all state lies\n\
         rules  = \"rules\"                  # every *.toml in it is one connection\n\n\
         [instance]\n\
         name = \"twinline\"\n\
         {public_url}\n{}\n{}",
        node(left),
        node(right)
    )
}

fn node(side: &Side) -> String {
    let known = side.known;
    let url = side
        .url
        .as_ref()
        .map_or(known.url, |url| url.as_str().trim_end_matches('/'));
    let secret = side.secret_file();
    let mut text = format!(
        "[nodes.{}]\n\
         tracker = \"{}\"\n\
         url     = \"{url}\"\n\
         auth    = {{ {}{} = {{ file = \"{secret}\" }} }}\n",
        side.node, side.tracker, known.auth, known.secret,
    );
    if side.description.is_some() {
        text.push_str(&format!(
            "description = \"{}\"   # how its API keeps items\n",
            side.description_file()
        ));
    }
    if side.is_local() {
        text.push_str(
            "allow_private = [\"127.0.0.0/8\", \"::1/128\"]   # a tracker on this machine\n",
        );
    }
    if side.webhooks {
        text.push_str(&format!(
            "webhook = {{ secrets = [{{ file = \"secrets/{}.hook\" }}] }}\n",
            side.node
        ));
    } else {
        text.push_str(
            "# Without webhooks it is polled: so often, in seconds.\nsweep_s = { period = 10 }\n",
        );
    }
    text
}
