// What the business rule sees of an instance: the pieces of ServiceNow's server-side API that it uses, and no more.
var posted = [];
var warned = [];
var sn_ws = {
    RESTMessageV2: function () {
        var sent = { headers: {} };
        this.setEndpoint = function (url) { sent.url = String(url); };
        this.setHttpMethod = function (method) { sent.method = String(method); };
        this.setRequestHeader = function (name, value) { sent.headers[name] = String(value); };
        this.setRequestBody = function (body) { sent.body = String(body); };
        this.executeAsync = function () { posted.push(sent); };
    }
};
var GlideStringUtil = { base64Encode: function (text) { return base64(String(text)); } };
function CertificateEncryption() {}
// The key is given in base64, and so is the code that comes back.
CertificateEncryption.prototype.generateMac = function (key, algorithm, data) {
    if (algorithm !== 'HmacSHA256') {
        throw new Error('unknown algorithm ' + algorithm);
    }
    return hmac(String(key), String(data));
};
var gs = {
    getProperty: function (name, otherwise) {
        return name in properties ? properties[name] : otherwise;
    },
    generateGUID: function () { return '0123456789abcdef0123456789abcdef'; },
    warn: function (text) { warned.push(String(text)); }
};

// A record: its columns, those of them that changed, and what was done to it.
function record(operation, columns, changed) {
    var made = {
        operation: function () { return operation; },
        isValidField: function (name) { return name in columns; },
        getRecordClassName: function () { return columns.sys_class_name; },
        getUniqueValue: function () { return columns.sys_id; },
        getValue: function (name) { return name in columns ? columns[name] : null; }
    };
    Object.keys(columns).forEach(function (name) {
        made[name] = {
            changes: function () { return changed.indexOf(name) >= 0; },
            toString: function () { return columns[name]; }
        };
    });
    return made;
}
