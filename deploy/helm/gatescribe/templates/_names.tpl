{{- define "gatescribe.name" -}}
{{- $name := .Chart.Name -}}
{{- if contains $name .Release.Name -}}{{- .Release.Name | trunc 50 | trimSuffix "-" -}}{{- else -}}{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}{{- end -}}
{{- end -}}

{{- define "gatescribe.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: gatescribe
{{- end -}}

{{- define "gatescribe.gatewayLabels" -}}
app.kubernetes.io/name: gatescribe
app.kubernetes.io/component: gateway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "gatescribe.connectorLabels" -}}
app.kubernetes.io/name: gatescribe
app.kubernetes.io/component: connector
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "gatescribe.image" -}}
{{- if .Values.image.digest -}}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{- else -}}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end -}}
{{- end -}}

{{- /* Ports that are not below 1024: nobody needs a right to listen there. */ -}}
{{- define "gatescribe.ports" -}}
postgres: 5432
https: 8443
token: 8444
admin: 8445
connectors: 8446
proxy: 8447
metrics: 9464
{{- end -}}

{{- define "gatescribe.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "gatescribe.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}
