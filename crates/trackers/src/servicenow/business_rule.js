// Twinline's business rule. It tells the node {{node}} which record of {{table}} was written; what the record is, Twinline
// asks for by itself.
//
// System Definition → Business Rules → New:
//   Name: Twinline {{node}}      Table: {{table}}      Advanced: yes
//   When: after                  Insert, Update, Delete: yes
//   Order: 10000, behind all other rules
//   Script: this text
//
// The secret is no part of the script. Once, System Properties → All Properties → New:
//   Name: {{property}}    Type: string    Read roles and write roles: admin
//   Value: the text that webhook.secrets of the node refers to
// An application scope other than global needs the property's scope to be its own.
(function executeRule(current, previous) {
    var secret = gs.getProperty('{{property}}', '');
    if (!secret) {
        gs.warn('Twinline: the system property {{property}} is empty, nothing is sent');
        return;
    }
    var table = String(current.getRecordClassName());
    var was = table;
    var happened = 'update';
    if (current.operation() === 'insert') {
        happened = 'insert';
    } else if (current.operation() === 'delete') {
        happened = 'delete';
    } else if (previous && current.isValidField('sys_class_name') && current.sys_class_name.changes()) {
        happened = 'move';
        was = String(previous.sys_class_name);
    } else if ((current.isValidField('comments') && current.comments.changes()) ||
        (current.isValidField('work_notes') && current.work_notes.changes())) {
        happened = 'comment';
    }
    var body = JSON.stringify({
        event: happened,
        table: was,
        now: table,
        sys_id: String(current.getUniqueValue()),
        number: current.isValidField('number') ? String(current.number) : '',
        sys_mod_count: String(current.sys_mod_count),
        sys_updated_on: String(current.getValue('sys_updated_on'))
    });
    // The MAC of the UTF-8 body under the secret, in base64; the key is given in base64.
    var mac = new CertificateEncryption().generateMac(GlideStringUtil.base64Encode(secret), 'HmacSHA256', body);
    var request = new sn_ws.RESTMessageV2();
    request.setEndpoint('{{url}}');
    request.setHttpMethod('post');
    request.setRequestHeader('Content-Type', 'application/json');
    request.setRequestHeader('X-Twinline-Delivery', String(gs.generateGUID()));
    request.setRequestHeader('X-Twinline-Signature', 'sha256=' + mac);
    request.setRequestBody(body);
    try {
        // Nobody waits for the answer: what is lost is found by the next sweep.
        request.executeAsync();
    } catch (error) {
        gs.warn('Twinline: ' + error);
    }
})(current, previous);
