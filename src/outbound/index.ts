export { type Attribute, type OtlpAttribute, type OtlpValue, otlpAttributes, otlpResource } from './otlp.ts'
export { type Post, PostError, type Posted, post, type Unanswered } from './post.ts'
export { signature } from './signature.ts'
