// Asks a status page through the client library statuspage.io, and holds every answer against the types that the library
// declares. Usage: FOLDER URL, where FOLDER is that of the installed package. Prints all answers, as JSON.
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const [folder, url] = process.argv.slice(1);
const { Statuspage } = require(folder);
const declarations = fs.readFileSync(path.join(folder, 'dist/interfaces/Result.d.ts'), 'utf8');

// The members of an interface, from its lines: `name: type;`, and objects in it.
function members(lines) {
  const found = {};
  for (let line = lines.shift().trim(); !line.startsWith('}'); line = lines.shift().trim()) {
    const [, name, type] = line.match(/^(\w+): (.+?);?$/);
    found[name] = type === '{' ? members(lines) : type;
  }
  return found;
}

const types = {};
for (const [, name, base, body] of declarations.matchAll(/^export interface (\w+)(?: extends (\w+))? \{\n([^]*?^\})/gm)) {
  types[name] = { ...(base && types[base]), ...members(body.split('\n')) };
}
for (const [, name, body] of declarations.matchAll(/^export declare enum (\w+) \{\n([^]*?)^\}/gm)) {
  types[name] = [...body.matchAll(/"(\w+)"/g)].map((it) => it[1]);
}

function check(value, type, where) {
  if (typeof type === 'object' && !Array.isArray(type)) {
    assert.equal(typeof value, 'object', where);
    Object.entries(type).forEach(([name, of]) => check(value[name], of, `${where}.${name}`));
  } else if (Array.isArray(type)) {
    assert.ok(type.includes(value), `${where} is ${value}, none of ${type}`);
  } else if (type.endsWith('[]')) {
    assert.ok(Array.isArray(value), `${where} is no array`);
    value.forEach((it, at) => check(it, type.slice(0, -2), `${where}[${at}]`));
  } else if (type.endsWith(' | null')) {
    if (value !== null) check(value, type.slice(0, -' | null'.length), where);
  } else if (type in types) {
    check(value, types[type], where);
  } else {
    assert.ok(['string', 'boolean', 'number'].includes(type), `the library declares ${type}`);
    assert.equal(typeof value, type, where);
  }
}

// A maintenance is declared as an incident with other words for its status; Statuspage gives its updates these words too,
// and the impact "maintenance", which the library does not declare.
const { status, impact, ...shared } = types.Incident;
types.Maintenance = {
  ...shared,
  status: types.MaintenanceStatus,
  impact: [...types.IncidentImpact, 'maintenance'],
  scheduled_for: 'string',
  scheduled_until: 'string',
  incident_updates: 'MaintenanceUpdate[]',
};
types.MaintenanceUpdate = { ...types.IncidentUpdate, status: types.MaintenanceStatus };
types.ScheduledMaintenances = { ...types.Page, scheduled_maintenances: 'Maintenance[]' };
types.Summary = { ...types.Status, ...types.Components, ...types.Incidents, ...types.ScheduledMaintenances };

async function main() {
  const page = new Statuspage('acme');
  page.setApiUrl(url);
  const { api } = page;
  const asked = {
    summary: [api.getSummary(), 'Summary'],
    status: [api.getStatus(), 'Status'],
    components: [api.getComponents(), 'Components'],
    incidents: [api.incidents.getAll(), 'Incidents'],
    unresolved: [api.incidents.getUnresolved(), 'Incidents'],
    maintenances: [api.scheduledMaintenances.getAll(), 'ScheduledMaintenances'],
    upcoming: [api.scheduledMaintenances.getUpcoming(), 'ScheduledMaintenances'],
  };
  const answers = {};
  for (const [name, [answer, type]] of Object.entries(asked)) {
    answers[name] = await answer;
    check(answers[name], types[type], name);
  }
  console.log(JSON.stringify(answers));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
